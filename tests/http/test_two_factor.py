"""The second factor: set up, asked for at login, good once, and required where somebody requires it."""

import asyncio
import re

import pytest
from litestar import Litestar

from app.domain.accounts.limits import CODE_OF_ACCOUNT, CODE_OF_DEVICE
from app.domain.people.two_factor.login import LASTS_FOR
from app.lib.clock import real_now
from app.tasks.context import Resources
from tests.conftest import Browser, browser
from tests.factories import Customer, make_customer
from tests.http.route_table import TABLE
from tests.two_factor import Phone, actions, give_code, give_password, give_phone, is_inside, letters, log_in

PAGE = "/account/two-factor"
ANYTHING = {"uuid": "0199c0de-0000-7000-8000-000000000000", "date": "2026-11-22", "path": "x", "str": "x"}


@pytest.fixture
async def customer(resources: Resources) -> Customer:
    return await make_customer(resources.session_maker, language="en")


@pytest.fixture
async def phone(resources: Resources, customer: Customer) -> Phone:
    return await give_phone(resources, customer.user)


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
        shown = re.sub('nonce="[^"]+"', "", answer.text)
        said.add((answer.status_code, shown.replace(email, "…")))
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
