"""Accesses of support that nobody ended: their end is written down."""

from datetime import datetime
from uuid import UUID

from saq.types import Context

from app.domain.people.support import close, overdue
from app.lib.clock import real_now
from app.lib.uow import unit_of_work
from app.tasks.context import Resources, resources_of
from app.tasks.sweeping import sweep


async def sweep_support(context: Context) -> None:
    """Write down the end of accesses whose time is over; they opened nothing since."""
    resources = resources_of(context)
    await sweep(resources, real_now(), name="sweep_support", find=overdue, do=_close)


async def _close(resources: Resources, access_id: UUID, at: datetime) -> None:
    async with unit_of_work(resources.session_maker) as session:
        await close(session, access_id, at=at)
