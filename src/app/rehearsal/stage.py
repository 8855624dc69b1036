"""A copy of the data that has lived through a calendar, open to be read."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from app.domain.billing.reconciliation.book import start_of
from app.domain.ops.forecasts.figures import read_day
from app.domain.ops.forecasts.service import Foretold
from app.lib.uow import unit_of_work
from app.rehearsal.calendar import Calendar, hourly
from app.rehearsal.engine import Outcome, prepare
from app.rehearsal.scratch import scratch_database
from app.tasks.context import Resources


@asynccontextmanager
async def lived_through(
    resources: Resources,
    calendar: Calendar,
    *,
    start: datetime,
    dump: Path | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> AsyncIterator[tuple[AsyncSession, Outcome]]:
    """Yield a session on the copy once the engine has run at every instant; it is gone afterwards.

    Raises `ScratchRefused` when no copy can be made.
    """
    async with scratch_database(resources.settings.database_url, dump) as address:
        engine = create_async_engine(address)
        try:
            rehearsal = prepare(resources, engine, start=start, calendar=calendar)
            outcome = await rehearsal.run(progress)
            async with unit_of_work(rehearsal.resources.session_maker) as session:
                yield session, outcome
        finally:
            await engine.dispose()


async def foretell(resources: Resources, day: date, *, at: datetime) -> Foretold:
    """Return what a day brings if nobody does anything from `at` on; of today, with what it has brought."""
    calendar = hourly(at, start_of(day + timedelta(days=1)))
    async with lived_through(resources, calendar, start=at) as (session, outcome):
        facts = await read_day(session, day)
    return Foretold(facts, sum(outcome.failures.values()), outcome.unreadable_cards)
