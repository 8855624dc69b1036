"""The hosted page, used as a browser without JavaScript would use it."""

import re

import pytest

from app.sandbox.callbacks import REASONS
from app.sandbox.cards import PREFILLED, TEST_CARDS, is_card_number
from app.sandbox.texts import DECLINE_LABELS, TEXTS
from tests.sandbox.conftest import Sandbox


def submit(sandbox: Sandbox, token: str, **changes: str) -> tuple[int, str]:
    form = {**PREFILLED, "outcome": "approve", "action": "pay", **changes}
    answer = sandbox.http.post(f"/odeme/guvenli/{token}", data=form)
    return answer.status_code, answer.text


def way_back(page: str) -> str:
    found = re.search(r'id="leave" href="([^"]+)" target="_top" data-follow', page)
    assert found, page
    return found[1]


def test_the_test_card_is_filled_in(sandbox: Sandbox) -> None:
    _, token = sandbox.open_order()
    page = sandbox.http.get(f"/odeme/guvenli/{token}").text
    for value in PREFILLED.values():
        assert f'value="{value}"' in page
    assert "₺870.00" in page


def test_paying_leads_the_window_to_the_ok_address(sandbox: Sandbox) -> None:
    oid, token = sandbox.open_order()
    status, page = submit(sandbox, token)
    assert (status, way_back(page)) == (200, "http://127.0.0.1:9/billing/return/ok")
    assert sandbox.delivered(oid)["state"] == "paid"


@pytest.mark.parametrize("code", REASONS)
def test_declining_leads_the_window_to_the_fail_address(sandbox: Sandbox, code: str) -> None:
    oid, token = sandbox.open_order()
    _, page = submit(sandbox, token, outcome=code)
    assert way_back(page) == "http://127.0.0.1:9/billing/return/fail"
    view = sandbox.delivered(oid)
    assert (view["state"], view["reason_code"]) == ("declined", code)


def test_a_declined_card_can_be_followed_by_another_in_the_same_frame(sandbox: Sandbox) -> None:
    oid, token = sandbox.open_order()
    status, page = submit(sandbox, token, outcome="retry")
    assert status == 200
    assert TEXTS["en"]["declined"] in page
    submit(sandbox, token, card_number=TEST_CARDS[1])
    view = sandbox.delivered(oid, count=2)
    assert view["state"] == "paid"
    assert [call["form"]["status"] for call in view["callbacks"]] == ["failed", "success"]


def test_closing_the_page_is_reason_6(sandbox: Sandbox) -> None:
    oid, token = sandbox.open_order()
    _, page = submit(sandbox, token, action="close", card_number="")
    assert way_back(page).endswith("/fail")
    assert sandbox.delivered(oid)["reason_code"] == "6"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("card_name", ""),
        ("card_number", "4355 0843 5508 4359"),
        ("card_number", ""),
        ("card_expiry", "13/30"),
        ("card_code", "12"),
    ],
)
def test_a_mistyped_card_is_shown_at_its_field_and_nothing_is_lost(
    sandbox: Sandbox, name: str, value: str
) -> None:
    oid, token = sandbox.open_order()
    status, page = submit(sandbox, token, **{"card_name": "Ayşe Kurt", name: value})
    assert status == 422
    assert f'id="{name}-problem"' in page
    assert f'value="{value}"' in page
    assert name == "card_name" or "Ayşe Kurt" in page
    assert sandbox.order(oid)["callbacks"] == []


def test_a_page_that_ended_takes_no_second_card(sandbox: Sandbox) -> None:
    oid, token = sandbox.open_order()
    submit(sandbox, token)
    status, page = submit(sandbox, token, outcome="0")
    assert (status, way_back(page)) == (200, "http://127.0.0.1:9/billing/return/ok")
    assert len(sandbox.delivered(oid)["callbacks"]) == 1
    assert "data-follow" not in sandbox.http.get(f"/odeme/guvenli/{token}").text


def test_the_page_speaks_the_language_it_was_asked_for(sandbox: Sandbox) -> None:
    for language, title in (("tr", "Güvenli ödeme"), ("en", "Secure payment")):
        _, token = sandbox.open_order(language=language)
        page = sandbox.http.get(f"/odeme/guvenli/{token}").text
        assert f'<html lang="{language}">' in page
        assert f"<title>{title}</title>" in page


def test_both_languages_say_everything() -> None:
    assert TEXTS["tr"].keys() == TEXTS["en"].keys()
    assert DECLINE_LABELS["tr"].keys() == DECLINE_LABELS["en"].keys() == REASONS.keys()


def test_the_page_may_be_framed_and_runs_nothing_inline(sandbox: Sandbox) -> None:
    _, token = sandbox.open_order()
    answer = sandbox.http.get(f"/odeme/guvenli/{token}")
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors *" in policy
    assert "unsafe" not in policy
    assert "x-frame-options" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", answer.text)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)


def test_an_unknown_page_is_404(sandbox: Sandbox) -> None:
    assert sandbox.http.get("/odeme/guvenli/nothing").status_code == 404
    assert submit(sandbox, "nothing")[0] == 404


def test_the_resizer_is_served_where_paytr_has_its_own(sandbox: Sandbox) -> None:
    answer = sandbox.http.get("/js/iframeResizer.min.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "window.iFrameResize" in answer.text
    for name in ("frame.js", "book.js", "sandbox.css"):
        assert sandbox.http.get(f"/static/{name}").status_code == 200


def test_a_card_number_is_never_kept_whole(sandbox: Sandbox) -> None:
    oid, token = sandbox.open_order()
    submit(sandbox, token)
    number = PREFILLED["card_number"].replace(" ", "")
    assert number not in sandbox.http.get("/").text + str(sandbox.delivered(oid))


@pytest.mark.parametrize("number", TEST_CARDS)
def test_paytrs_test_cards_pass_the_check_digit(number: str) -> None:
    digits = number.replace(" ", "")
    assert is_card_number(digits)
    assert not is_card_number(digits[:-1] + str((int(digits[-1]) + 1) % 10))
