"""Making operators: by the command line alone, once, and never out of a customer."""

import asyncio
import json
import os
from functools import partial

import pytest
from click.testing import CliRunner
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.cli import main
from app.db.models import AuditEntry, User
from app.domain.accounts.operators import create_operator, operators, remove_operator
from app.domain.accounts.passwords import password_matches
from app.lib.clock import now
from app.lib.errors import InvalidInput, NotFound
from app.lib.settings import Settings
from app.lib.uow import unit_of_work
from tests.conftest import Browser
from tests.factories import PASSWORD as PERSONS_PASSWORD
from tests.factories import make_customer, make_operator

Maker = async_sessionmaker[AsyncSession]
PASSWORD = "a sentence to remember"


async def command(settings: Settings, action: str, *arguments: str, typed: str = "") -> tuple[int, str]:
    """Run `tezgah operator` on the test's database; return its status and what it said."""
    environment: dict[str, str | None] = {name: None for name in os.environ if name.startswith("TEZGAH_")}
    environment |= {
        "TEZGAH_DATABASE_URL": settings.database_url,
        "TEZGAH_REDIS_URL": settings.redis_url,
        "TEZGAH_HOME": str(settings.home),
        "TEZGAH_PAYTR_BASE_URL": settings.paytr_base_url,
        "TEZGAH_SMTP_URL": settings.smtp_url,
    }
    invoke = partial(CliRunner().invoke, main, ["operator", action, *arguments], f"{typed}\n", environment)
    done = await asyncio.to_thread(invoke)  # the command has a loop of its own
    return done.exit_code, done.output


async def create(settings: Settings, *arguments: str, typed: str) -> tuple[int, str]:
    return await command(settings, "create", *arguments, "--password-stdin", typed=typed)


async def test_the_command_makes_an_operator_once_and_says_so(
    session_maker: Maker, settings: Settings
) -> None:
    made = await create(settings, "Seda@Example.com", "--name", "Seda Bakıcı", typed=PASSWORD)
    again = await create(settings, "seda@example.com", typed="another sentence")
    assert (made[0], again[0]) == (0, 0), made[1] + again[1]
    assert "is an operator now" in made[1]
    assert "nothing was changed" in again[1]
    async with session_maker() as session:
        operator = (await session.scalars(select(User))).one()
        entry = (await session.scalars(select(AuditEntry))).one()
    assert (operator.is_operator, operator.full_name) == (True, "Seda Bakıcı")
    assert await password_matches(PASSWORD, operator.password_hash)
    assert (entry.action, entry.actor) == ("operator.created", "system")


async def test_the_command_refuses_what_no_form_would_take(session_maker: Maker, settings: Settings) -> None:
    customer = await make_customer(session_maker)
    for arguments, typed, reason in (
        ((customer.email,), PASSWORD, "belongs to a customer's account"),
        (("seda@example.com",), "short", "at least 10 characters"),
        (("seda",), PASSWORD, "Write an e-mail address"),
    ):
        status, said = await create(settings, *arguments, typed=typed)
        assert status == 1
        assert reason in said
    async with session_maker() as session:
        assert list(await session.scalars(select(User.email).where(User.is_operator))) == []


async def test_a_customer_is_never_made_an_operator(session_maker: Maker) -> None:
    customer = await make_customer(session_maker)
    with pytest.raises(InvalidInput):
        async with unit_of_work(session_maker) as session:
            await create_operator(session, email=customer.email, password=PASSWORD, at=now())
    async with session_maker() as session:
        assert not (await session.get_one(User, customer.user.id)).is_operator


async def test_operators_are_listed_and_customers_are_not(session_maker: Maker, settings: Settings) -> None:
    await make_customer(session_maker)
    assert await command(settings, "list", "--json") == (0, "[]\n")
    operator = await make_operator(session_maker)
    status, said = await command(settings, "list", "--json")
    (listed,) = json.loads(said)
    assert (status, listed["email"], listed["last_login"]) == (0, operator.user.email, None)


async def test_a_removed_operator_is_out_at_once_everywhere_and_leaves_a_trace(
    session_maker: Maker, settings: Settings, client: Browser
) -> None:
    operator = await make_operator(session_maker, language="en")
    await operator.log_in(client)
    assert (await client.get("/operator")).status_code == 200
    status, said = await command(settings, "remove", operator.user.email.upper())
    assert (status, "is no operator any more" in said) == (0, True), said
    assert (await client.get("/operator")).status_code == 302
    answer = await client.submit("/login", email=operator.user.email, password=PERSONS_PASSWORD)
    assert answer.status_code == 303, "they are a person without a company from now on"
    assert (await client.get("/operator")).status_code == 403
    async with session_maker() as session:
        assert "operator.removed" in list(await session.scalars(select(AuditEntry.action)))
        assert await operators(session) == []


async def test_only_an_operator_can_be_removed(session_maker: Maker) -> None:
    customer = await make_customer(session_maker)
    for email in (customer.email, "nobody@example.com"):
        with pytest.raises(NotFound):
            async with unit_of_work(session_maker) as session:
                await remove_operator(session, email, at=now())


async def test_a_former_operator_comes_back_with_a_new_password_and_no_old_session(
    session_maker: Maker,
) -> None:
    operator = await make_operator(session_maker)
    email, epoch = operator.user.email, operator.user.session_epoch
    async with unit_of_work(session_maker) as session:
        await remove_operator(session, email, at=now())
    async with unit_of_work(session_maker) as session:
        again = await create_operator(session, email=email, password=PASSWORD, at=now())
        assert again.id == operator.user.id
    async with session_maker() as session:
        (user,) = await operators(session)
    assert await password_matches(PASSWORD, user.password_hash)
    assert user.session_epoch > epoch + 1
