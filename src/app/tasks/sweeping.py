"""A sweep: find what is due, do each by itself, so that one bad or slow row stops nothing; record the run."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.base import Base
from app.domain.companies.clocks import time_of_row
from app.domain.ops.runs import Tally, recorded_run
from app.lib.clock import now
from app.lib.uow import unit_of_work
from app.tasks.context import Resources

log = structlog.stdlib.get_logger("sweep")


class FindDue(Protocol):
    """A query for the ids of due rows, bounded in number."""

    async def __call__(self, session: AsyncSession, *, at: datetime) -> list[UUID]: ...


Do = Callable[[Resources, UUID, datetime], Awaitable[object]]


async def sweep(resources: Resources, at: datetime, *, name: str, find: FindDue, do: Do) -> Tally:
    """Run `do` for every row due at `at`; record and return found, done and failed."""
    async with run_of(resources, name) as tally:
        async with unit_of_work(resources.session_maker) as session:
            due = await find(session, at=at)
        tally.found = len(due)
        waiting = iter(due)
        hands = (_work_off(resources, at, name, waiting, do, tally) for _ in range(resources.rows_at_once))
        await asyncio.gather(*hands)
    return tally


async def in_its_time(resources: Resources, table: type[Base], row_id: str, do: Do) -> None:
    """Run `do` for one row, at the instant it is for the row's company."""
    at = now()
    if not resources.settings.is_production:
        async with unit_of_work(resources.session_maker) as session:
            at = await time_of_row(session, table, UUID(row_id), at)
    await do(resources, UUID(row_id), at)


@asynccontextmanager
async def run_of(resources: Resources, name: str) -> AsyncIterator[Tally]:
    """Count what one run does, and record it where runs are kept."""
    if resources.keeps_runs:
        async with recorded_run(resources.session_maker, name) as tally:
            yield tally
    else:
        yield Tally()


async def _work_off(
    resources: Resources, at: datetime, name: str, waiting: Iterator[UUID], do: Do, tally: Tally
) -> None:
    for row_id in waiting:
        try:
            await do(resources, row_id, at)
            tally.done += 1
        except Exception as error:
            tally.fail(row_id, error)
            log.exception("sweep.row_failed", sweep=name, row=str(row_id))
