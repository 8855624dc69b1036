"""A person's own account: the way back in, a new password, and where they are logged in."""

import re
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from litestar import Litestar
from sqlalchemy import select

from app.db.models import AuditEntry, EmailMessage, User
from app.domain.accounts.passwords import hasher
from app.domain.notifications.rendering import render_email
from app.domain.people import passwords
from app.domain.people.devices import device_of
from app.lib.clock import now, standing_at
from app.lib.settings import Settings
from app.tasks.context import Resources
from tests import html
from tests.conftest import Browser, browser
from tests.factories import PASSWORD, Customer, make_customer, make_operator

WANTED = "winter gardens need no clocks"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
async def customer(resources: Resources) -> Customer:
    return await make_customer(resources.session_maker, language="en")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.domain.people.controllers.password_reset.ANSWER_AFTER", 0.0)


async def letters(resources: Resources, template: str) -> list[EmailMessage]:
    async with resources.session_maker() as session:
        found = select(EmailMessage).where(EmailMessage.template == template).order_by(EmailMessage.id)
        return list(await session.scalars(found))


async def ask_for_link(client: Browser, resources: Resources, settings: Settings, email: str) -> str:
    """Ask for a new password and return the path of the link in the letter."""
    answer = await client.submit("/password-reset", email=email)
    assert answer.status_code == 200
    letter = (await letters(resources, "password_reset"))[-1]
    written = render_email(letter.template, letter.language, letter.context, settings)
    link = re.search(r"/password-reset/\S+", written.text)
    assert link is not None
    return link[0]


async def is_inside(client: Browser) -> bool:
    return (await client.get("/dashboard")).status_code == 200


async def log_in(client: Browser, customer: Customer, password: str) -> int:
    return (await client.submit("/login", email=customer.email, password=password)).status_code


async def test_a_link_from_the_mail_chooses_a_password_once_and_ends_every_session(
    application: Litestar, client: Browser, resources: Resources, settings: Settings, customer: Customer
) -> None:
    await customer.log_in(client)
    async with browser(application) as elsewhere:
        link = await ask_for_link(elsewhere, resources, settings, customer.email.upper())
        assert (await elsewhere.get(link)).status_code == 200
        answer = await elsewhere.submit(link, password=WANTED)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login?after=password-reset")
        assert not await is_inside(client)
        assert await log_in(elsewhere, customer, PASSWORD) == 422
        assert await log_in(elsewhere, customer, WANTED) == 303
        again = await elsewhere.submit(link, password="another sentence of mine")
        assert again.status_code == 410
        assert "was used already" in again.text
        assert await log_in(elsewhere, customer, WANTED) == 303
    (told,) = await letters(resources, "password_changed")
    assert told.recipient == customer.email
    async with resources.session_maker() as session:
        actions = list(await session.scalars(select(AuditEntry.action)))
    assert "account.password_reset" in actions


async def test_a_link_ends_with_its_hour_and_with_every_change_of_the_password(
    client: Browser, resources: Resources, settings: Settings, customer: Customer
) -> None:
    link = await ask_for_link(client, resources, settings, customer.email)
    with standing_at(now() + passwords.GOOD_FOR + timedelta(seconds=1)):
        assert (await client.get(link)).status_code == 410
    assert (await client.get(link[:-1])).status_code == 410
    await customer.log_in(client)
    await client.submit("/account/password", current=PASSWORD, password=WANTED)
    assert (await client.submit(link, password="another sentence of mine")).status_code == 410


async def test_nobody_learns_from_a_reset_whether_an_address_has_an_account(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    operator = await make_operator(resources.session_maker)
    said = set()
    for email in (customer.email, "nobody@example.com", operator.email):
        answer = await client.submit("/password-reset", email=email)
        shown = re.sub('nonce="[^"]+"', "", answer.text)
        said.add((answer.status_code, shown.replace(email, "…")))
    assert len(said) == 1
    assert [letter.recipient for letter in await letters(resources, "password_reset")] == [customer.email]


async def test_asking_again_and_again_sends_one_letter(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    with standing_at(now()):
        for _ in range(3):
            await client.submit("/password-reset", email=customer.email)
    assert len(await letters(resources, "password_reset")) == 1


async def test_what_is_no_address_comes_back_with_its_sentence(client: Browser) -> None:
    answer = await client.submit("/password-reset", email="not an address")
    assert answer.status_code == 422
    assert html.read(answer.text).value("email") == "not an address"


async def test_a_changed_password_leaves_this_session_and_ends_the_others(
    application: Litestar, client: Browser, resources: Resources, customer: Customer
) -> None:
    await customer.log_in(client)
    async with browser(application) as elsewhere:
        await customer.log_in(elsewhere)
        answer = await client.submit("/account/password", current=PASSWORD, password=WANTED)
        assert (answer.status_code, answer.headers["location"]) == (303, "/account/password?changed=true")
        assert await is_inside(client)
        assert not await is_inside(elsewhere)
    assert len(await letters(resources, "password_changed")) == 1


@pytest.mark.parametrize(
    ("current", "wanted", "field", "sentence"),
    [
        ("not this one", WANTED, "current", "This is not your password."),
        (PASSWORD, PASSWORD, "password", "Choose another password than the one you have."),
        (PASSWORD, "short", "password", "at least 10 characters"),
        (PASSWORD, "1234567890", "password", "among the first that are tried"),
        (PASSWORD, "Tezgah2026", "password", "among the first that are tried"),
    ],
)
async def test_a_password_that_will_not_do_is_told_at_its_field_and_changes_nothing(
    client: Browser,
    resources: Resources,
    customer: Customer,
    current: str,
    wanted: str,
    field: str,
    sentence: str,
) -> None:
    await customer.log_in(client)
    answer = await client.submit("/account/password", current=current, password=wanted)
    assert answer.status_code == 422
    page = html.read(answer.text)
    assert sentence in page.sentence_at(field)
    assert not page.value("current")
    assert not page.value("password")
    assert await is_inside(client)
    assert await log_in(client, customer, PASSWORD) == 303
    assert not await letters(resources, "password_changed")


async def test_a_person_sees_their_sessions_and_ends_one_or_all_others(
    application: Litestar, client: Browser, customer: Customer
) -> None:
    client.headers["user-agent"] = FIREFOX
    await customer.log_in(client)
    async with browser(application, address="198.51.100.9") as phone, browser(application) as third:
        phone.headers["user-agent"] = IPHONE
        await customer.log_in(phone)
        await customer.log_in(third)
        shown = (await client.get("/account/sessions")).text
        assert "Firefox on Linux" in shown
        assert "Safari on iPhone" in shown
        assert "198.51.100.9" in shown
        assert phone.cookies["session"] not in shown
        handles = re.findall(r"/account/sessions/([0-9a-f]{32})/end", shown)
        assert len(handles) == 2, "one's own is ended by logging out"
        phones = (await phone.get("/account/sessions")).text
        (mine,) = set(handles) - set(re.findall(r"/account/sessions/([0-9a-f]{32})/end", phones))
        assert (await client.submit(f"/account/sessions/{mine}/end")).status_code == 303
        assert not await is_inside(phone)
        assert await is_inside(third)
        assert (await client.submit(f"/account/sessions/{mine}/end")).status_code == 404
        await client.submit("/account/sessions/end-others")
        assert not await is_inside(third)
        assert await is_inside(client)
    assert "/end" not in (await client.get("/account/sessions")).text


async def test_nobody_ends_the_session_of_somebody_else(
    application: Litestar, client: Browser, resources: Resources, customer: Customer
) -> None:
    await customer.log_in(client)
    async with browser(application) as second:
        await customer.log_in(second)
        (handle,) = re.findall(
            r"/account/sessions/([0-9a-f]{32})/end", (await client.get("/account/sessions")).text
        )
        stranger = await make_customer(resources.session_maker)
        async with browser(application) as other:
            await stranger.log_in(other)
            assert (await other.submit(f"/account/sessions/{handle}/end")).status_code == 404
            await other.submit("/account/sessions/end-others")
        assert await is_inside(second)


async def test_a_profile_is_kept_and_the_page_comes_back_in_its_language(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    await customer.log_in(client)
    form = {"full_name": "  Ada   Çağlar Yıldız ", "language": "tr", "color_scheme": "dark"}
    answer = await client.submit("/account", **form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account?saved=true")
    page = (await client.get("/account")).text
    assert 'lang="tr" data-bs-theme="dark"' in page
    assert "Ada Çağlar Yıldız" in page
    refused = await client.submit("/account", **(form | {"full_name": "A"}))
    assert refused.status_code == 422
    assert html.read(refused.text).value("full_name") == "A"
    for wrong in ({"language": "de"}, {"color_scheme": "pink"}):
        assert (await client.submit("/account", **(form | wrong))).status_code == 422


async def test_a_login_renews_a_hash_of_an_older_cost(
    client: Browser, resources: Resources, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def kept() -> str:
        async with resources.session_maker() as session:
            return (await session.get_one(User, customer.user.id)).password_hash

    before = await kept()
    dearer = PasswordHasher(time_cost=hasher.time_cost + 1, memory_cost=hasher.memory_cost, parallelism=1)
    monkeypatch.setattr("app.domain.accounts.passwords.hasher", dearer)
    assert await log_in(client, customer, PASSWORD) == 303
    assert await kept() != before
    renewed = await kept()
    assert await log_in(client, customer, PASSWORD) == 303
    assert await kept() == renewed


@pytest.mark.parametrize(
    ("agent", "known"),
    [
        (FIREFOX, ("Firefox", "Linux")),
        (IPHONE, ("Safari", "iPhone")),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0",
            ("Edge", "Windows"),
        ),
        ("curl/8.5.0", (None, None)),
    ],
)
def test_a_device_is_named_as_far_as_it_can_be_told(agent: str, known: tuple[str | None, str | None]) -> None:
    assert device_of(agent) == known
