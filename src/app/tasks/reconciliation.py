"""Comparing days with PayTR: what is due, and a day on wish."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime

import structlog
from saq.types import Context

from app.domain.billing.reconciliation.service import due_days, reconcile_day
from app.domain.ops.runs import Tally, recorded_run
from app.lib.clock import now
from app.lib.uow import unit_of_work
from app.tasks.context import Resources, resources_of

NAME = "sweep_reconciliation"
log = structlog.stdlib.get_logger("reconciliation")


async def compare_day(context: Context, *, day: str) -> None:
    """Compare one finished day once more."""
    resources = resources_of(context)
    await reconcile_day(resources.session_maker, resources.gateway, date.fromisoformat(day), at=now())


async def sweep_reconciliation(context: Context) -> None:
    """Compare the days that are due, and those that were missed."""
    await compare_due_days(resources_of(context), now())


async def compare_due_days(resources: Resources, at: datetime) -> Tally:
    """Compare due days, oldest first; one that fails holds up those behind it, whose balance rests on it."""
    async with recorded_run(resources.session_maker, NAME) as tally:
        async with unit_of_work(resources.session_maker) as session:
            days = await due_days(session, at=at)
        tally.found = len(days)
        for day in days:
            if not await _compare(resources, day, at):
                tally.failed += 1
                break
            tally.done += 1
    return tally


async def _compare(resources: Resources, day: date, at: datetime) -> bool:
    try:
        run = await reconcile_day(resources.session_maker, resources.gateway, day, at=at, only_if_due=True)
    except Exception:
        log.exception("reconciliation.day_failed", day=day.isoformat())
        return False
    return run is None or run.error is None


SWEEPS: dict[str, Callable[[Resources, datetime], Awaitable[Tally]]] = {NAME: compare_due_days}
