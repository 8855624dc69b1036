"""Asking each running workspace whether it is used, and for a stop of what nobody uses any more (idle.py)."""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Plan, Subscription, SubscriptionStatus, TransitionKind, Workspace, WorkspaceStatus
from app.domain.workspaces import queries, standstill
from app.domain.workspaces.attempts import EVENT, Machinery
from app.domain.workspaces.drivers.base import DriverError
from app.domain.workspaces.idle import STOPPED, jobs_count, stops_at
from app.lib.events import publish
from app.lib.uow import unit_of_work

ASK_SECONDS = 5.0

log = structlog.stdlib.get_logger("workspace")


async def stop_unused(machinery: Machinery, running: Sequence[Workspace]) -> None:
    """Note when each of these was used last, and ask for a stop of those that nobody uses any more."""
    async with machinery.session_maker() as session:
        plans = await _plans(session, {workspace.company_id for workspace in running})
    for workspace in running:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                await _look(machinery, workspace, plans.get(workspace.company_id))
        except (DriverError, TimeoutError):  # not known is not unused
            log.warning("workspace.use_unknown", workspace_id=str(workspace.id))


async def _look(machinery: Machinery, seen: Workspace, plan: Plan | None) -> None:
    at, driver = machinery.clock(), machinery.driver
    used_at = await driver.last_use(seen.id, seen.driver_state)
    known_at, seen.used_at = seen.used_at, used_at or seen.used_at
    is_busy = jobs_count(seen, at) and await driver.has_job(seen.id, seen.driver_state)
    stops = stops_at(seen, plan)
    if seen.used_at == known_at and not is_busy and (stops is None or at < stops):
        return  # nothing new, and nothing due: most looks end here, without a transaction
    async with unit_of_work(machinery.session_maker) as session:
        workspace = await queries.lock_with_company(session, seen.id)
        if workspace.status is not WorkspaceStatus.READY or workspace.ready_at != seen.ready_at:
            return  # somebody was faster
        workspace.used_at = seen.used_at
        workspace.busy_at = at if is_busy else workspace.busy_at
        stops = stops_at(workspace, plan)
        if stops is None or at < stops:
            return
        log.info("workspace.unused", workspace_id=str(workspace.id), since=str(workspace.unused_since))
        await standstill.ask(session, workspace, TransitionKind.STOP, at=at, reason=STOPPED)
    await publish(machinery.redis, seen.company_id, EVENT)


async def _plans(session: AsyncSession, companies: set[UUID]) -> Mapping[UUID, Plan]:
    """Return the plan that each of these companies holds now."""
    statement = (
        select(Subscription.company_id, Plan)
        .join(Plan, Plan.code == Subscription.plan_code)
        .where(Subscription.company_id.in_(companies), Subscription.status != SubscriptionStatus.CANCELED)
    )
    return dict((await session.execute(statement)).tuples().all())
