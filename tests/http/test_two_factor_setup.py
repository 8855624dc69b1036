"""Setting a second factor up, changing it, and losing it."""

import asyncio
import re

import pytest
from click.testing import CliRunner, Result
from litestar import Litestar
from sqlalchemy import select

from app.cli import main
from app.db.models import AuditEntry, RecoveryCode, SecondFactor
from app.tasks.context import Resources
from tests import html
from tests.conftest import Browser, browser
from tests.factories import PASSWORD, Customer, make_customer
from tests.two_factor import (
    Phone,
    actions,
    give_code,
    give_password,
    give_phone,
    is_inside,
    key_on,
    letters,
    log_in,
)

PAGE = "/account/two-factor"


@pytest.fixture
async def customer(resources: Resources) -> Customer:
    return await make_customer(resources.session_maker, language="en")


@pytest.fixture
async def phone(resources: Resources, customer: Customer) -> Phone:
    return await give_phone(resources, customer.user)


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
