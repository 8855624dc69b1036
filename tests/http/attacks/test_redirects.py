"""Open redirects and planted lines: no address or name that somebody sends along leads out of the product."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from litestar import Litestar
from sqlalchemy import select

from app.db.models import EmailMessage, User
from app.domain.notifications.mailer import OutgoingEmail, compose, sender_address
from app.domain.notifications.rendering import render_email
from app.lib.clock import now
from app.lib.settings import Settings
from app.tasks.context import Resources
from tests.conftest import Browser
from tests.factories import PASSWORD, make_customer
from tests.fuzz.surface import surface_of
from tests.http.test_registration import FORM

WAYS_ON = {"next", "after", "return_to", "redirect", "url", "back", "continue"}
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\/evil.example/",
    "/\t/evil.example/",
    "/\n/evil.example",
    "/%0d%0aLocation:%20//evil.example",
    "/\r\nSet-Cookie: planted=1",
    "/\x00//evil.example",
    " //evil.example",
    "/.//evil.example/..//",
    "//tezgah.localhost@evil.example/",
    "http:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "/\u2028/evil.example",
    "/\ud800/evil.example".encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
]


def leads_out(location: str) -> bool:
    """Say whether a browser would leave our host for this address: it drops tabs and line ends first."""
    seen = location.strip().replace("\t", "").replace("\n", "").replace("\r", "").replace("\\", "/")
    parts = urlsplit(seen)
    return bool(parts.scheme or parts.netloc) or seen.startswith("//")


@pytest.mark.parametrize("address", ELSEWHERE)
async def test_no_parameter_that_names_a_way_on_leads_out(
    application: Litestar, client: Browser, resources: Resources, address: str
) -> None:
    customer = await make_customer(resources.session_maker)
    await customer.log_in(client)
    followed = set()
    for target in surface_of(application):
        names = WAYS_ON & {*target.query, *target.form}
        if not names or "{" in target.path:
            continue
        said = dict.fromkeys(names, address)
        fields = {"email": customer.email, "password": PASSWORD} | said
        form: Any = {"data": fields} if target.method != "GET" else {}
        headers = {"x-csrftoken": client.cookies["csrf"]}
        answer = await client.request(target.method, target.path, params=said, headers=headers, **form)
        assert answer.status_code < 500
        assert not leads_out(answer.headers.get("location", "")), target
        assert "planted" not in client.cookies
        followed.add(f"{target.method} {target.path}")
    assert followed >= {"GET /login", "POST /login", "POST /preferences"}


async def test_where_a_visitor_wanted_to_go_is_an_address_of_ours(client: Browser) -> None:
    for path in ("//evil.example/dashboard", "/dashboard//evil.example", "/billing?next=//evil.example"):
        answer = await client.get(f"http://tezgah.localhost{path}")
        assert not leads_out(answer.headers.get("location", "")), path


@pytest.mark.parametrize(
    "line", ["\r\nBcc: everybody@example.com", "\nBcc: a@b.co", "\x0bBcc: a@b.co", "\u2028Bcc: a@b"]
)
async def test_a_name_with_line_ends_writes_no_header_of_a_letter(
    client: Browser, resources: Resources, settings: Settings, line: str
) -> None:
    answer = await client.submit(
        "/register", **FORM | {"full_name": f"Ada{line}", "company_name": f"Acme{line}"}
    )
    assert answer.status_code in {303, 422}
    async with resources.session_maker() as session:
        names = list(await session.scalars(select(User.full_name)))
        letters = list(await session.scalars(select(EmailMessage)))
    assert all(name.isprintable() for name in names)
    for letter in letters:
        written = render_email(letter.template, letter.language, letter.context, settings)
        outgoing = OutgoingEmail(
            recipient=letter.recipient,
            subject=written.subject,
            text=written.text,
            html=written.html,
            language=letter.language,
            dedupe_key=letter.dedupe_key,
            at=now(),
        )
        message = compose(outgoing, sender_address("Tezgâh <hello@tezgah.localhost>"))
        assert "bcc" not in {name.lower() for name in message.keys()}  # noqa: SIM118 no mapping
        assert "\nbcc:" not in message.as_string().partition("\n\n")[0].lower()


@pytest.mark.parametrize(
    "email", ["a@b.co\r\nBcc: c@d.co", "a@b.co, c@d.co", "a@b.co\x00", "<a@b.co>", "a b@c.co"]
)
async def test_an_address_that_is_more_than_one_is_refused(client: Browser, email: str) -> None:
    assert (await client.submit("/register", **FORM | {"email": email})).status_code == 422
    assert (await client.submit("/password-reset", email=email)).status_code == 422
