"""The coming months, rehearsed on a copy: what would be charged, written, issued and taken away."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import func, make_url, select, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.db.models import EmailMessage, Invoice, Order, Payment, StoredCard
from app.db.schema import schema_is_current, upgrade_database
from app.lib.clock import ISTANBUL
from app.rehearsal.calendar import daily, hourly
from app.rehearsal.command import as_json, as_text, rehearse
from app.rehearsal.report import Forecast
from app.rehearsal.scratch import ScratchRefused, scratch_database
from tests.factories import Customer, make_customer
from tests.scenarios.cashier import Cashier, stored_card

SIGN_UP = datetime(2027, 1, 20, 9, 0, tzinfo=UTC)
PAID = datetime(2027, 1, 31, 12, 0, tzinfo=UTC)
START = datetime(2027, 2, 25, 0, 0, tzinfo=UTC)
TRIES = datetime(2027, 2, 15, 9, 0, tzinfo=UTC)


async def with_card(cashier: Cashier, customer: Customer, **facts: Any) -> None:
    """Store a card of a customer's, at PayTR and with us."""
    tokens = cashier.gateway.keep_card()
    async with cashier.resources.session_maker.begin() as session:
        session.add(
            stored_card(customer, tokens, cashier.resources.settings.keys, SIGN_UP, is_default=True, **facts)
        )


@pytest.fixture
async def companies(cashier: Cashier) -> list[Customer]:
    """One with a card, one whose card ends in March, one without, and one that only tries."""
    sessions = cashier.resources.session_maker
    names = ("Kartlı Yazılım", "Biten Kart", "Kartsız Yazılım", "Deneyen Yazılım")
    found = [await make_customer(sessions, name=name, at=SIGN_UP) for name in names[:3]]
    for customer in found:
        await cashier.buy(customer, PAID)
    await with_card(cashier, found[0])
    await with_card(cashier, found[1], expiry_month=3, expiry_year=2027)
    return [*found, await make_customer(sessions, name=names[3], at=TRIES)]


async def rows(cashier: Cashier) -> list[int]:
    async with cashier.resources.session_maker() as session:
        tables = (Order, Payment, Invoice, EmailMessage, StoredCard)
        return [await session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def of(forecast: Forecast, customer: Customer, kind: str) -> list[str]:
    """Return the days on which one kind of thing happens to a company."""
    return [
        event["at"][:10]
        for event in forecast.events
        if event["company"] == customer.company.slug and event["kind"] == kind
    ]


async def test_a_month_is_told_before_it_happens_and_twice_the_same(
    cashier: Cashier, companies: list[Customer]
) -> None:
    before = await rows(cashier)
    forecast, outcome = await rehearse(cashier.resources, start=START, months=1)
    again, second = await rehearse(cashier.resources, start=START, months=1)
    assert as_json(again, second) == as_json(forecast, outcome)
    assert await rows(cashier) == before, "the data itself is only read"
    async with cashier.resources.session_maker() as session:
        left = await session.scalars(text("SELECT datname FROM pg_database WHERE datname LIKE '%rehearsal%'"))
        assert list(left) == []
    assert (outcome.failures, outcome.unreadable_cards) == ({}, 0)

    paying, ending, cardless, trying = companies
    assert of(forecast, paying, "charge") == of(forecast, ending, "charge") == ["2027-03-01"]
    assert of(forecast, paying, "invoice") == ["2027-03-01"]
    assert of(forecast, cardless, "charge") == []
    access = [
        (event["at"][:10], event["what"])
        for event in forecast.events
        if event["kind"] == "access" and event["company"] == cardless.company.slug
    ]
    assert [what for _, what in access if what.endswith(("suspended", "canceled"))] == [
        "subscription.suspended",
        "subscription.canceled",
    ]
    assert of(forecast, trying, "letter"), "its trial ends and it is told"
    march = next(month for month in forecast.months if month.month == "2027-03")
    assert (march.collected, march.net + march.vat) == (2 * 297_000, 2 * 297_000)
    assert "2027-03  collected ₺5,940.00" in as_text(forecast, outcome)


async def test_a_database_nobody_uses_is_copied_file_by_file(cashier: Cashier) -> None:
    url = make_url(cashier.resources.settings.database_url)
    quiet = url.set(database="nobody_is_here")
    server = await asyncpg.connect(
        url.set(drivername="postgresql").render_as_string(hide_password=False), timeout=10
    )
    await server.execute("CREATE DATABASE nobody_is_here")
    try:
        engine = create_async_engine(quiet)
        await upgrade_database(engine)
        await engine.dispose()
        async with scratch_database(quiet.render_as_string(hide_password=False)) as address:
            copy = create_async_engine(address)
            assert await schema_is_current(copy)
            await copy.dispose()
    finally:
        await server.execute("DROP DATABASE nobody_is_here WITH (FORCE)")
        await server.close()


async def test_a_dump_that_is_none_is_refused_with_a_sentence(cashier: Cashier, tmp_path: Path) -> None:
    dump = tmp_path / "backup.dump"
    dump.write_bytes(b"no dump at all")
    with pytest.raises(ScratchRefused):
        async with scratch_database(cashier.resources.settings.database_url, dump):
            pass


def test_over_months_the_engine_runs_once_a_day_at_nine_in_turkiye() -> None:
    assert [at.isoformat() for at in daily(START, START + timedelta(days=3)).instants] == [
        "2027-02-25T09:00:00+03:00",
        "2027-02-26T09:00:00+03:00",
        "2027-02-27T09:00:00+03:00",
    ]


def test_over_days_it_runs_every_hour_and_once_more_before_each_midnight() -> None:
    evening = datetime(2027, 2, 25, 19, 10, tzinfo=UTC)
    instants = hourly(evening, datetime(2027, 2, 26, 21, 0, tzinfo=UTC)).instants
    told = [f"{at.astimezone(ISTANBUL):%d %H:%M}" for at in instants]
    assert told[:5] == ["25 22:10", "25 23:00", "25 23:57", "26 00:00", "26 01:00"]
    assert told[-2:] == ["26 23:00", "26 23:57"]
    assert len(told) == 28
