"""The coming day, told the evening before: what the engine then does, and why a day went otherwise."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest
from sqlalchemy import make_url, select

from app.db.models import Forecast, ForecastLine, ForecastStatus, JobRun, Payment, PaymentStatus
from app.domain.billing.cancellation.service import cancel_at_period_end
from app.domain.ops.forecasts import service
from app.domain.ops.forecasts.causes import Cause
from app.domain.ops.forecasts.figures import DayFacts, Figure, FigureName
from app.domain.ops.forecasts.service import LEASE, Foretold
from app.domain.ops.forecasts.sides import Standing
from app.domain.ops.forecasts.views import DayFile, day_file
from app.lib.clock import ISTANBUL, real_now
from app.lib.uow import unit_of_work
from app.rehearsal.scratch import MARK, drop_leftovers, scratch_database
from app.server.commands import forecast_of
from app.tasks.billing import SWEEPS
from app.tasks.context import Resources
from app.tasks.forecasts import make_due
from tests.conftest import msgspec_replace
from tests.factories import Customer, make_customer
from tests.scenarios.cashier import Cashier, stored_card

SIGN_UP = datetime(2027, 1, 20, 9, 0, tzinfo=UTC)
PAID = datetime(2027, 2, 10, 12, 30, tzinfo=UTC)
EVENING = datetime(2027, 3, 9, 19, 0, tzinfo=UTC)
"""Ten o'clock in Türkiye."""
DAY = date(2027, 3, 10)
DUE = datetime(2027, 3, 10, 12, 30, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ENGINE = ("sweep_charges", "trial_check", "subscription_manager")


async def subscriber(cashier: Cashier, name: str) -> Customer:
    """Sign a company up whose month ends in the middle of the day."""
    customer = await make_customer(cashier.resources.session_maker, name=name, at=SIGN_UP)
    await cashier.buy(customer, PAID)
    return customer


async def with_card(cashier: Cashier, customer: Customer) -> tuple[str, str]:
    """Store a good card of a customer's; return PayTR's names of it."""
    tokens = cashier.gateway.keep_card()
    key = cashier.resources.settings.keys
    async with unit_of_work(cashier.resources.session_maker) as session:
        session.add(stored_card(customer, tokens, key, SIGN_UP, is_default=True))
    return tokens


async def live(cashier: Cashier, *instants: datetime) -> None:
    """Let the real engine run, with PayTR's callbacks in between."""
    for at in instants:
        cashier.gateway.clock = lambda at=at: at  # type: ignore[misc]
        for name in ENGINE:
            await SWEEPS[name](cashier.resources, at)
        async with cashier.resources.session_maker() as session:
            waiting = list(
                await session.scalars(select(Payment).where(Payment.status == PaymentStatus.WAITING))
            )
        for payment in waiting:
            await cashier.callback(payment, at)


async def file_of(cashier: Cashier, at: datetime) -> DayFile:
    async with cashier.resources.session_maker() as session:
        return await day_file(session, DAY, at=at)


async def test_the_day_comes_as_it_was_told_and_what_did_not_has_its_cause(cashier: Cashier) -> None:
    await with_card(cashier, await subscriber(cashier, "Ödeyen"))
    await subscriber(cashier, "Kartsız")
    broke_card = await with_card(cashier, await subscriber(cashier, "Parasız"))
    leaving = await subscriber(cashier, "Vazgeçen")
    await with_card(cashier, leaving)
    await make_customer(
        cashier.resources.session_maker, name="Deneyen", at=EVENING - timedelta(days=13, hours=8)
    )
    tally = await make_due(cashier.resources, DAY, EVENING)
    assert (tally.done, tally.problems) == (1, [])

    told = await file_of(cashier, EVENING)
    assert told.view.standing is Standing.AHEAD
    assert {row.name: [line.kind.value for line in row.day.expected] for row in told.agreeing} == {
        "Ödeyen": ["paid"],
        "Parasız": ["paid"],
        "Vazgeçen": ["paid"],
        "Kartsız": ["unpaid"],
        "Deneyen": ["trial_ended"],
    }
    net = told.view.row(FigureName.NET, "TRY").expected
    charges = told.view.row(FigureName.CHARGES, "TRY").expected
    assert net == Figure(FigureName.NET, "TRY", 3, 3 * 247_500)
    assert charges == Figure(FigureName.CHARGES, "TRY", 3, 3 * 297_000)

    async with unit_of_work(cashier.resources.session_maker) as session:
        viewer = await leaving.viewer(session)
        await cancel_at_period_end(session, viewer, settings=cashier.resources.settings, at=EVENING + HOUR)
    morning = await file_of(cashier, DUE - HOUR)
    assert {row.name for row in morning.coming} == {"Ödeyen", "Parasız", "Kartsız", "Deneyen"}
    assert {row.name: row.cause for row in morning.differing} == {"Vazgeçen": Cause.CANCELED}

    cashier.gateway.answer_charges(*broke_card, wire_status="failed", may_retry=True)
    newcomer = await make_customer(cashier.resources.session_maker, name="Yeni", at=DUE - HOUR)
    await cashier.buy(newcomer, DUE - MINUTE)
    await live(cashier, DUE + MINUTE, DUE + 2 * MINUTE, DUE + 8 * HOUR)

    over = await file_of(cashier, DUE + timedelta(days=1))
    assert {row.name for row in over.agreeing} == {"Ödeyen", "Kartsız", "Deneyen"}
    assert {row.name: row.cause for row in over.differing} == {
        "Parasız": Cause.DECLINED,
        "Vazgeçen": Cause.CANCELED,
        "Yeni": Cause.NEW_COMPANY,
    }
    assert [line.kind.value for line in over.differing[0].day.happened] == ["unpaid", "declined"]
    assert over.view.row(FigureName.CHARGES, "TRY").difference == (2 - 3, -297_000)
    letters = {row.of: row.difference[0] for row in over.view.mails}
    assert (letters["renewal_due"], letters["trial_ended"]) == (0, 0)
    assert letters["payment_failed"] == 1


async def nothing_happens(resources: Resources, day: date, *, at: datetime) -> Foretold:
    """A day on which nothing happens."""
    await asyncio.sleep(0)
    return Foretold(DayFacts([], []))


async def test_two_workers_make_one_forecast_and_a_third_changes_nothing(cashier: Cashier) -> None:
    resources = replace(cashier.resources, foretell=nothing_happens)
    runs = await asyncio.gather(*(make_due(resources, DAY, EVENING) for _ in range(2)))
    assert sum(run.done for run in runs) == 1
    assert (await make_due(resources, DAY, EVENING + LEASE, by_hand=True)).found == 0
    assert (await cashier.the(Forecast)).made_at == EVENING


async def test_the_command_makes_tomorrows_forecast_once_and_shows_it(cashier: Cashier) -> None:
    resources = replace(cashier.resources, foretell=nothing_happens)
    first, second = await forecast_of(resources, None), await forecast_of(resources, None)
    assert first["status"] == "made"
    assert first["made_at"] == second["made_at"]
    assert first["day"] == (real_now().astimezone(ISTANBUL) + timedelta(days=1)).date()


async def test_one_that_was_killed_is_made_again_and_comes_too_late_itself(cashier: Cashier) -> None:
    resources = replace(cashier.resources, foretell=nothing_happens)
    async with unit_of_work(resources.session_maker) as session:
        assert await service.claim(session, DAY, at=EVENING)
    assert (await make_due(resources, DAY, EVENING + LEASE - MINUTE)).found == 0
    assert (await make_due(resources, DAY, EVENING + LEASE)).done == 1
    async with unit_of_work(resources.session_maker) as session:
        assert not await service.keep(session, DAY, Foretold(DayFacts([], [])), began_at=EVENING)
    assert (await cashier.the(Forecast)).made_at == EVENING + LEASE


async def test_one_that_breaks_off_says_so_and_is_tried_again_within_the_hour(cashier: Cashier) -> None:
    async def breaks(resources: Resources, day: date, *, at: datetime) -> Foretold:
        raise RuntimeError("out of luck")

    tally = await make_due(replace(cashier.resources, foretell=breaks), DAY, EVENING)
    assert tally.problems == [f"{DAY}: RuntimeError: out of luck"]
    forecast = await cashier.the(Forecast)
    assert (forecast.status, forecast.next_attempt_at) == (ForecastStatus.REFUSED, EVENING + HOUR)
    resources = replace(cashier.resources, foretell=nothing_happens)
    assert (await make_due(resources, DAY, EVENING + HOUR)).done == 1


async def test_one_that_takes_too_long_says_so_leaves_no_copy_and_is_not_tried_again(
    cashier: Cashier, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never_ends(resources: Resources, day: date, *, at: datetime) -> Foretold:
        async with scratch_database(resources.settings.database_url):
            await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(service, "TIME_LIMIT", timedelta(milliseconds=300))
    await make_due(replace(cashier.resources, foretell=never_ends), DAY, EVENING)
    forecast = await cashier.the(Forecast)
    assert "too large" in forecast.reason
    assert forecast.next_attempt_at is None
    server = await connect(cashier.resources.settings.database_url)
    try:
        left = await server.fetch("SELECT FROM pg_database WHERE datname LIKE '%' || $1 || '%'", MARK)
    finally:
        await server.close()
    assert left == []


async def test_a_role_that_may_not_create_databases_says_so(cashier: Cashier) -> None:
    async with role_without_databases(cashier.resources) as address:
        settings = msgspec_replace(cashier.resources.settings, database_url=address)
        tally = await make_due(replace(cashier.resources, settings=settings), DAY, EVENING)
    forecast = await cashier.the(Forecast)
    assert (tally.failed, forecast.status) == (1, ForecastStatus.REFUSED)
    assert "may not create databases" in forecast.reason
    run = await cashier.the(JobRun)
    assert (run.name, run.failed) == ("make_forecast", 1)
    assert await cashier.all(ForecastLine) == []


@asynccontextmanager
async def role_without_databases(resources: Resources) -> AsyncIterator[str]:
    """Yield the address of our database for a role that may do little; it is gone afterwards."""
    url = make_url(resources.settings.database_url)
    server = await connect(url.render_as_string(hide_password=False))
    try:
        await server.execute("CREATE ROLE of_little_power LOGIN PASSWORD 'little' NOCREATEDB")
        yield url.set(username="of_little_power", password="little").render_as_string(hide_password=False)
    finally:
        await server.execute("DROP ROLE IF EXISTS of_little_power")
        await server.close()


async def connect(address: str) -> asyncpg.Connection:
    plain = make_url(address).set(drivername="postgresql").render_as_string(hide_password=False)
    return await asyncpg.connect(plain, timeout=10)


async def test_a_copy_that_a_killed_process_left_is_dropped_and_a_young_one_is_not(
    cashier: Cashier,
) -> None:
    server = await connect(cashier.resources.settings.database_url)
    prefix = f"left{MARK}"
    young = f"{prefix}29990101000000_aa"
    try:
        for name in (f"{prefix}20200101000000_aa", young):
            await server.execute(f'CREATE DATABASE "{name}"')
        await drop_leftovers(server, prefix)
        left = await server.fetch("SELECT datname FROM pg_database WHERE starts_with(datname, $1)", prefix)
        assert [name for (name,) in left] == [young]
    finally:
        await server.execute(f'DROP DATABASE IF EXISTS "{young}"')
        await server.close()
