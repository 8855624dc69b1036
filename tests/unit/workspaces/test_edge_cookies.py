"""What of a browser's cookies a workspace gets to see."""

import pytest

from app.domain.workspaces.edge import COOKIE, cookie_name, cookies_for_editor


@pytest.mark.parametrize(
    ("sent", "passed"),
    [
        ("", "code-server-session=s"),
        (f"{COOKIE}=pass", "code-server-session=s"),
        (f"a=1; {COOKIE}=pass; b=2", "a=1; b=2; code-server-session=s"),
        (f"{COOKIE}=one; {COOKIE}=two", "code-server-session=s"),
        (f" {COOKIE} = pass ;a=1", "a=1; code-server-session=s"),
        (f"__Host-{COOKIE}=pass", "code-server-session=s"),
        ("code-server-session=guess; a=1", "a=1; code-server-session=s"),
        (f"{COOKIE}", "code-server-session=s"),
        (f"x{COOKIE}=kept", f"x{COOKIE}=kept; code-server-session=s"),
        ("a=b=c", "a=b=c; code-server-session=s"),
    ],
)
def test_the_pass_is_taken_out_and_exactly_one_secret_put_in(sent: str, passed: str) -> None:
    assert cookies_for_editor(sent, "s") == passed


def test_over_https_no_other_host_can_plant_the_cookie() -> None:
    assert cookie_name(is_https=True) == f"__Host-{COOKIE}"
