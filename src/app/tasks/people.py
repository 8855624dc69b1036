"""Tasks of people: what follows the end of a membership."""

from datetime import datetime
from uuid import UUID

from saq.types import Context

from app.domain.people import removals
from app.lib.clock import real_now
from app.lib.uow import unit_of_work
from app.tasks.context import Resources, resources_of
from app.tasks.sweeping import sweep


async def follow_removal(context: Context, *, removal_id: str) -> None:
    """Look after the workspaces of somebody who has gone."""
    await follow(resources_of(context), UUID(removal_id), real_now())


async def sweep_removals(context: Context) -> None:
    """Look after every removal whose time has come."""
    resources = resources_of(context)
    await sweep(resources, real_now(), name="sweep_removals", find=removals.due_removals, do=follow)


async def follow(resources: Resources, removal_id: UUID, at: datetime) -> None:
    """Look after one removal in a transaction of its own."""
    async with unit_of_work(resources.session_maker) as session:
        await removals.follow(session, removal_id, at=at)
