"""Telling tomorrow: every evening the coming day is rehearsed on a copy, by whichever worker is first."""

import asyncio
from datetime import date, datetime

import structlog
from saq.types import Context

from app.domain.ops.forecasts import service
from app.domain.ops.runs import Tally, recorded_run
from app.lib.clock import real_now
from app.lib.errors import DomainError
from app.lib.i18n import N_
from app.lib.uow import unit_of_work
from app.tasks.context import Resources, resources_of

NAME = "make_forecast"
TOO_SLOW = N_(
    "The rehearsal did not come to its end in the time it is given. This installation is too large for it."
)
BROKE_OFF = N_("The rehearsal broke off with an error. It is tried again within the hour.")
log = structlog.stdlib.get_logger("forecasts")


async def make_forecast(context: Context) -> None:
    """Make the forecast that is due, if one is."""
    resources, at = resources_of(context), real_now()
    await make_due(resources, service.day_due(at), at)


async def make_due(resources: Resources, day: date, at: datetime, *, by_hand: bool = False) -> Tally:
    """Make the forecast of a day unless there is one, or somebody is making it."""
    async with recorded_run(resources.session_maker, NAME) as tally:
        async with unit_of_work(resources.session_maker) as session:
            tally.found = int(await service.claim(session, day, at=at, by_hand=by_hand))
        if tally.found:
            await _make(resources, day, at, tally)
    return tally


async def _make(resources: Resources, day: date, at: datetime, tally: Tally) -> None:
    """Rehearse the day and keep what it brings, or why it brought nothing."""
    try:
        async with asyncio.timeout(service.TIME_LIMIT.total_seconds()):
            told = await resources.foretell(resources, day, at=at)
    except TimeoutError as error:  # tomorrow's will not be quicker tonight
        await _refuse(resources, day, at, tally, error, TOO_SLOW, None)
    except DomainError as error:
        await _refuse(resources, day, at, tally, error, error.message, at + service.AGAIN_AFTER)
    except Exception as error:
        log.exception("forecast.failed", day=day.isoformat())
        await _refuse(resources, day, at, tally, error, BROKE_OFF, at + service.AGAIN_AFTER)
    else:
        async with unit_of_work(resources.session_maker) as session:
            tally.done = int(await service.keep(session, day, told, began_at=at))


async def _refuse(
    resources: Resources,
    day: date,
    at: datetime,
    tally: Tally,
    error: Exception,
    reason: str,
    next_attempt_at: datetime | None,
) -> None:
    tally.fail(day, error)
    async with unit_of_work(resources.session_maker) as session:
        await service.refuse(session, day, reason, began_at=at, next_attempt_at=next_attempt_at)
