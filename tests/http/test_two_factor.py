"""The second factor: set up, asked for at login, good once, and required where somebody requires it."""

import asyncio
import re
from datetime import timedelta

import httpx
import pytest
from click.testing import CliRunner, Result
from litestar import Litestar
from sqlalchemy import select

from app.cli import main
from app.db.models import AuditEntry, EmailMessage, RecoveryCode, SecondFactor
from app.domain.accounts.limits import CODE_OF_ACCOUNT, CODE_OF_DEVICE
from app.domain.people.two_factor.login import LASTS_FOR
from app.lib.clock import real_now
from app.tasks.context import Resources
from tests import html
from tests.conftest import Browser, browser
from tests.factories import PASSWORD, Customer, Person, make_customer
from tests.http.test_routes import TABLE
from tests.two_factor import Phone, give_phone

PAGE = "/account/two-factor"
ANYTHING = {"uuid": "0199c0de-0000-7000-8000-000000000000", "date": "2026-11-22", "path": "x", "str": "x"}


@pytest.fixture
async def customer(resources: Resources) -> Customer:
    return await make_customer(resources.session_maker, language="en")


@pytest.fixture
async def phone(resources: Resources, customer: Customer) -> Phone:
    return await give_phone(resources, customer.user)


async def letters(resources: Resources, template: str) -> list[EmailMessage]:
    async with resources.session_maker() as session:
        found = select(EmailMessage).where(EmailMessage.template == template).order_by(EmailMessage.id)
        return list(await session.scalars(found))


async def actions(resources: Resources) -> list[str]:
    async with resources.session_maker() as session:
        return list(await session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


async def give_password(client: Browser, person: Person, *, next: str = "") -> httpx.Response:  # noqa: A002 the form's name
    """Take the first step of a login."""
    return await client.submit("/login", email=person.email, password=PASSWORD, next=next)


async def give_code(client: Browser, code: str) -> int:
    return (await client.submit("/login/code", code=code)).status_code


async def log_in(client: Browser, person: Person, code: str) -> int:
    assert (await give_password(client, person)).headers["location"] == "/login/code"
    return await give_code(client, code)


async def is_inside(client: Browser) -> bool:
    return (await client.get("/dashboard")).status_code == 200


async def test_an_app_is_set_up_with_the_password_and_the_first_code_it_shows(
    application: Litestar, client: Browser, resources: Resources, customer: Customer
) -> None:
    await customer.log_in(client)
    async with browser(application) as elsewhere:
        await customer.log_in(elsewhere)
        refused = await client.submit(f"{PAGE}/setup", password="not this one")
        assert refused.status_code == 422
        assert html.read(refused.text).sentence_at("password")
        page = html.read((await client.submit(f"{PAGE}/setup", password=PASSWORD)).text)
        sealed, app = page.value("sealed") or "", Phone(key_on(page), [])
        wrong = await client.submit(f"{PAGE}/confirmation", sealed=sealed, code=app.wrong_code)
        assert wrong.status_code == 422
        assert html.read(wrong.text).sentence_at("code")
        assert key_on(html.read(wrong.text)) == app.secret
        before = client.cookies["session"]
        kept = await client.submit(f"{PAGE}/confirmation", sealed=sealed, code=app.code())
        assert kept.status_code == 200
        codes = re.findall(r"<li>([0-9 ]{14})</li>", kept.text)
        assert len(codes) == 10
        assert client.cookies["session"] != before
        assert await is_inside(client)
        assert not await is_inside(elsewhere)
    (told,) = await letters(resources, "two_factor_changed")
    assert (told.recipient, told.context["change"]) == (customer.email, "enabled")
    assert "account.two_factor_enabled" in await actions(resources)
    async with resources.session_maker() as session:
        factor = (await session.scalars(select(SecondFactor))).one()
        kept_codes = list(await session.scalars(select(RecoveryCode.code_hash)))
    assert app.secret not in factor.secret.token
    assert not {code.replace(" ", "") for code in codes} & set(kept_codes)
    again = await client.submit(f"{PAGE}/confirmation", sealed=sealed, code=app.code(steps=1))
    assert again.status_code == 410


def key_on(page: html.Page) -> str:
    """Return the key that a person would type into the app."""
    key = next(element.text for element in page.elements if element.attributes.get("id") == "key")
    return key.replace(" ", "")


async def test_the_right_password_leads_to_the_code_and_the_code_to_where_one_was_going(
    application: Litestar, client: Browser, customer: Customer, phone: Phone
) -> None:
    client.cookies.set("session", "planted-by-somebody-else", domain="tezgah.localhost")
    asked = await give_password(client, customer, next="/billing")
    assert (asked.status_code, asked.headers["location"]) == (303, "/login/code")
    half = client.cookies["session"]
    assert (await client.get("/login/code")).status_code == 200
    assert await give_code(client, phone.wrong_code) == 422
    answer = await client.submit("/login/code", code=f" {phone.code()[:3]} {phone.code()[3:]} ")
    assert (answer.status_code, answer.headers["location"]) == (303, "/billing")
    assert await is_inside(client)
    assert len({"planted-by-somebody-else", half, client.cookies["session"]}) == 3
    async with browser(application) as other:
        for stolen in (half, "planted-by-somebody-else"):
            other.cookies.set("session", stolen)
            assert not await is_inside(other)
            assert (await other.get("/login/code")).headers["location"] == "/login"


async def test_a_half_session_opens_nothing(client: Browser, customer: Customer, phone: Phone) -> None:
    await give_password(client, customer)
    opened = {}
    for (method, path), row in TABLE.items():
        if row.startswith("302 "):  # what asks visitors to log in
            address = re.sub(r"\{\w+:(\w+)\}", lambda found: ANYTHING[found[1]], path)
            answer = await client.request_form(method, address, {})
            if answer.status_code != 302 or not answer.headers["location"].startswith("/login"):
                opened[f"{method} {path}"] = answer.status_code
    assert opened == {}
    assert await give_code(client, phone.code()) == 303


async def test_whether_there_is_a_second_factor_shows_to_nobody_without_the_password(
    client: Browser, resources: Resources, customer: Customer, phone: Phone
) -> None:
    other = await make_customer(resources.session_maker, language="en")
    said = set()
    for email in (customer.email, other.email, "nobody@example.com"):
        answer = await client.submit("/login", email=email, password="not this one")
        said.add((answer.status_code, answer.text.replace(email, "…")))
    assert len(said) == 1
    assert (await client.get("/login/code")).headers["location"] == "/login"
    assert (await client.submit("/login/code", code=phone.code())).headers["location"].startswith("/login?")


async def test_a_code_opens_once_and_those_before_it_nothing_more(
    application: Litestar, client: Browser, customer: Customer, phone: Phone
) -> None:
    used, older = phone.code(steps=1), phone.code()
    assert await log_in(client, customer, used) == 303
    async with browser(application) as elsewhere:
        assert await log_in(elsewhere, customer, used) == 422
        assert await give_code(elsewhere, older) == 422
        assert not await is_inside(elsewhere)


@pytest.mark.parametrize("kind", ["app", "paper"])
async def test_of_two_logins_with_one_code_at_the_same_moment_one_gets_in(
    application: Litestar, customer: Customer, phone: Phone, kind: str
) -> None:
    code = phone.code() if kind == "app" else phone.recovery_codes[0]
    async with browser(application) as one, browser(application) as two:
        for client in (one, two):
            await give_password(client, customer)
        assert sorted(await asyncio.gather(give_code(one, code), give_code(two, code))) == [303, 422]


async def test_a_recovery_code_stands_in_for_the_app_once_and_that_is_told(
    application: Litestar, client: Browser, resources: Resources, customer: Customer, phone: Phone
) -> None:
    code = phone.recovery_codes[3]
    assert await log_in(client, customer, f"{code[:4]}-{code[4:8]} {code[8:]}") == 303
    async with browser(application) as elsewhere:
        assert await log_in(elsewhere, customer, code) == 422
        assert await give_code(elsewhere, phone.recovery_codes[4]) == 303
    first, second = await letters(resources, "recovery_code_used")
    assert (first.context["left"], second.context["left"]) == (9, 8)
    assert (await actions(resources)).count("account.recovery_code_used") == 2
    assert "You have 8 recovery codes left." in (await client.get(PAGE)).text


async def try_codes(application: Litestar, customer: Customer, phone: Phone, tries: int) -> None:
    """Try wrong codes from as many addresses, by somebody who knows the password."""
    for number in range(tries):
        async with browser(application, address=f"198.51.100.{number}") as guesser:
            assert await log_in(guesser, customer, phone.wrong_code) == 422


async def test_guessing_codes_ends_soon_wherever_it_comes_from_and_does_not_shut_the_owner_out(
    application: Litestar, client: Browser, resources: Resources, customer: Customer, phone: Phone
) -> None:
    await log_in(client, customer, phone.code())
    await client.submit("/logout")
    await try_codes(application, customer, phone, CODE_OF_ACCOUNT.times)
    async with browser(application, address="192.0.2.200") as guesser:
        for _ in range(2):
            await give_password(guesser, customer)
            refused = await guesser.submit("/login/code", code=phone.code(steps=1))
            assert refused.status_code == 429
            assert int(refused.headers["retry-after"]) > 60 * 60
    (warned,) = await letters(resources, "codes_guessed")
    assert warned.recipient == customer.email
    assert await log_in(client, customer, phone.code(steps=1)) == 303


async def test_a_browser_that_is_known_by_a_letter_alone_has_no_codes_to_try(
    application: Litestar, client: Browser, resources: Resources, customer: Customer
) -> None:
    await customer.log_in(client)  # this browser is known, by password alone
    phone = await give_phone(resources, customer.user)
    await try_codes(application, customer, phone, CODE_OF_ACCOUNT.times)
    await give_password(client, customer)
    assert await give_code(client, phone.code()) == 429


async def test_a_known_browser_may_not_guess_without_end_either(
    client: Browser, customer: Customer, phone: Phone
) -> None:
    await log_in(client, customer, phone.code())
    await give_password(client, customer)
    codes = [await give_code(client, phone.wrong_code) for _ in range(CODE_OF_DEVICE.times + 1)]
    assert codes == [422] * CODE_OF_DEVICE.times + [429]


async def test_the_password_is_good_for_ten_minutes_while_the_code_is_looked_for(
    client: Browser, customer: Customer, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    await give_password(client, customer)
    later = real_now() + LASTS_FOR
    monkeypatch.setattr("app.lib.sessions.real_now", lambda: later)
    answer = await client.submit("/login/code", code=phone.code())
    assert answer.headers["location"] == "/login?after=code-expired"
    assert not await is_inside(client)


async def test_a_new_password_ends_half_sessions_and_does_not_stand_in_for_the_code(
    client: Browser,
    application: Litestar,
    resources: Resources,
    customer: Customer,
    phone: Phone,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.domain.people.controllers.password_reset.ANSWER_AFTER", 0.0)
    await give_password(client, customer)
    async with browser(application) as elsewhere:
        link = await link_to_reset(elsewhere, resources, customer)
        wanted = "winter gardens need no clocks"
        assert (await elsewhere.submit(link, password=wanted)).status_code == 303
        assert not await is_inside(elsewhere)
        answer = await elsewhere.submit("/login", email=customer.email, password=wanted)
        assert answer.headers["location"] == "/login/code"
        assert not await is_inside(elsewhere)
        assert await give_code(elsewhere, phone.code()) == 303
    answer = await client.submit("/login/code", code=phone.code(steps=1))
    assert answer.headers["location"] == "/login?after=code-expired"


async def link_to_reset(client: Browser, resources: Resources, customer: Customer) -> str:
    from app.domain.notifications.rendering import render_email  # which loads every letter

    await client.submit("/password-reset", email=customer.email)
    letter = (await letters(resources, "password_reset"))[-1]
    written = render_email(letter.template, letter.language, letter.context, resources.settings)
    found = re.search(r"/password-reset/\S+", written.text)
    assert found is not None
    return found[0]


async def test_a_second_factor_is_replaced_renewed_and_removed_with_password_and_code_alone(
    application: Litestar, client: Browser, resources: Resources, customer: Customer, phone: Phone
) -> None:
    await log_in(client, customer, phone.recovery_codes[0])
    for aim in ("setup", "recovery-codes", "removal"):
        assert (await client.get(f"{PAGE}/{aim}")).status_code == 200
        for fields in (
            {"password": PASSWORD, "code": phone.wrong_code},
            {"password": "no", "code": phone.code()},
        ):
            assert (await client.submit(f"{PAGE}/{aim}", **fields)).status_code == 422
    made = await client.submit(f"{PAGE}/recovery-codes", password=PASSWORD, code=phone.recovery_codes[1])
    renewed = [code.replace(" ", "") for code in re.findall(r"<li>([0-9 ]{14})</li>", made.text)]
    page = html.read((await client.submit(f"{PAGE}/setup", password=PASSWORD, code=renewed[0])).text)
    next_phone = Phone(key_on(page), [])
    fields = {"sealed": page.value("sealed") or "", "code": next_phone.code()}
    kept = await client.submit(f"{PAGE}/confirmation", **fields)
    assert kept.status_code == 200
    async with browser(application) as elsewhere:
        for gone in (phone.code(steps=1), phone.recovery_codes[2], renewed[1]):
            assert await log_in(elsewhere, customer, gone) == 422
        assert await give_code(elsewhere, next_phone.code(steps=1)) == 303
        last = re.findall(r"<li>([0-9 ]{14})</li>", kept.text)[0]
        answer = await client.submit(f"{PAGE}/removal", password=PASSWORD, code=last)
        assert answer.headers["location"] == f"{PAGE}?after=removal"
        assert not await is_inside(elsewhere)
        assert await is_inside(client)
        assert (await give_password(elsewhere, customer)).headers["location"] == "/dashboard"
    told = [letter.context["change"] for letter in await letters(resources, "two_factor_changed")]
    assert told == ["enabled", "codes_renewed", "replaced", "disabled"]


async def test_our_support_takes_a_lost_factor_away_and_that_is_told(
    client: Browser, resources: Resources, customer: Customer, phone: Phone
) -> None:
    await log_in(client, customer, phone.code())
    assert (await run_reset(resources, "nobody@example.com")).exit_code == 1
    done = await run_reset(resources, customer.email.upper())
    assert done.exit_code == 0, done.output
    assert (await run_reset(resources, customer.email)).exit_code == 1
    assert not await is_inside(client)
    assert (await give_password(client, customer)).headers["location"] == "/dashboard"
    assert (await letters(resources, "two_factor_changed"))[-1].context["change"] == "reset"
    async with resources.session_maker() as session:
        noted = select(AuditEntry).where(AuditEntry.action == "account.two_factor_reset")
        entry = (await session.scalars(noted)).one()
        assert (entry.actor, entry.subject) == ("system", str(customer.user.id))
        assert list(await session.scalars(select(RecoveryCode))) == []


async def run_reset(resources: Resources, email: str) -> Result:
    """Run the command as an operator does."""
    names = ("env", "secret_key", "public_url", "database_url", "redis_url", "paytr_base_url", "smtp_url")
    given = {f"TEZGAH_{name.upper()}": getattr(resources.settings, name) for name in names}
    command = ["user", "reset-two-factor", email]
    return await asyncio.to_thread(CliRunner().invoke, main, command, env=given)


async def test_a_session_ends_after_thirty_days_however_much_it_is_used(
    client: Browser, customer: Customer, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    await customer.log_in(client)
    began = real_now()
    monkeypatch.setattr("app.lib.sessions.real_now", lambda: began + timedelta(days=29, hours=23))
    assert await is_inside(client)
    changed = await client.submit(
        "/account/password", current=PASSWORD, password="winter gardens need no clocks"
    )
    assert changed.status_code == 303
    assert await is_inside(client)
    keys = await resources.redis.keys("tezgah:sessions*")
    assert [await resources.redis.ttl(key) > 13 * 86_400 for key in keys] == [True]
    monkeypatch.setattr("app.lib.sessions.real_now", lambda: began + timedelta(days=30, seconds=1))
    assert not await is_inside(client)
    assert await resources.redis.keys("tezgah:sessions*") == []
