"""What the commands of test clocks do, on the resources of one process."""

import asyncio
from datetime import datetime
from typing import Any

from app.db.models import ClockStatus, TestClock
from app.domain.billing.clocks.service import (
    ask_to_advance,
    begin_clock,
    find_clock,
    release_clock,
    require_test_clocks,
)
from app.domain.billing.clocks.targets import instant_of, later
from app.domain.ops.clock_pages import ClockFile, clock_file, clock_of_company, list_clocks
from app.lib.clock import ISTANBUL, real_now
from app.lib.uow import unit_of_work
from app.tasks.advancing import Progress, advance
from app.tasks.context import Resources

LOOK_AGAIN = 0.5


async def set_clock(resources: Resources, company: str, to: str, progress: Progress) -> ClockFile:
    """Put a company on a clock, and move it on at once when an instant is named."""
    async with unit_of_work(resources.session_maker) as session:
        clock = await begin_clock(session, resources.settings, company, actor_id=None, at=real_now())
        if to:
            await ask_to_advance(
                session, resources.settings, clock.company_id, instant_of(to), actor_id=None, at=real_now()
            )
    return await _follow(resources, clock, progress)


async def move_clock(resources: Resources, slug: str, to: str, by: str, progress: Progress) -> ClockFile:
    """Move a company's clock to an instant or by a span, and stay until it stands."""
    require_test_clocks(resources.settings)
    async with unit_of_work(resources.session_maker) as session:
        clock = (await clock_of_company(session, slug)).clock
        target = instant_of(to) if to else later(clock.at, by)
        await ask_to_advance(
            session, resources.settings, clock.company_id, target, actor_id=None, at=real_now()
        )
    return await _follow(resources, clock, progress)


async def free_clock(resources: Resources, slug: str) -> None:
    """Let a company return to real time."""
    async with unit_of_work(resources.session_maker) as session:
        clock = (await clock_of_company(session, slug)).clock
        await release_clock(session, resources.settings, clock.company_id, actor_id=None, at=real_now())


async def show_clocks(resources: Resources) -> list[dict[str, Any]]:
    """Return every clock with its company."""
    async with unit_of_work(resources.session_maker) as session:
        return [
            {
                "company": row.company.slug,
                "time": local(row.clock.at),
                "state": row.clock.status.value,
                "advancing_to": row.clock.advancing_to and local(row.clock.advancing_to),
                "error": row.clock.error,
            }
            for row in await list_clocks(session)
        ]


def local(at: datetime) -> str:
    """Return an instant in local time of Türkiye, to the minute."""
    return at.astimezone(ISTANBUL).isoformat(sep=" ", timespec="minutes")


async def _follow(resources: Resources, clock: TestClock, progress: Progress) -> ClockFile:
    """Do the work of the advance, or look on while a worker does it."""
    found: TestClock | None = clock
    while found is not None and found.status is ClockStatus.ADVANCING:
        if await advance(resources, clock.company_id, progress=progress) is None:
            await asyncio.sleep(LOOK_AGAIN)
        async with unit_of_work(resources.session_maker) as session:
            found = await find_clock(session, clock.company_id)
        if found is not None:
            progress(found)
    async with unit_of_work(resources.session_maker) as session:
        return await clock_file(session, clock.company_id)
