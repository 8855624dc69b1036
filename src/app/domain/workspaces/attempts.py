"""One worker's hold on a transition: the lease, the steps it notes, and the end it writes.

The attempt's number fences: whoever has lost the lease to a later attempt can write nothing more.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import structlog
from redis.asyncio import Redis
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import TransitionKind, Workspace, WorkspaceTransition
from app.domain.audit import service as audit
from app.domain.companies.clocks import time_of
from app.domain.subscriptions.entitlement import Entitlement, entitlement_of
from app.domain.subscriptions.queries import newest_subscription
from app.domain.workspaces import queries
from app.domain.workspaces.drivers.base import DriverState, WorkspaceDriver, WorkspaceSpec
from app.domain.workspaces.edge import editor_secret
from app.domain.workspaces.idle import idle_stop_of
from app.domain.workspaces.routing import Routes
from app.lib.clock import now
from app.lib.crypto import Keys
from app.lib.errors import DomainError
from app.lib.events import publish
from app.lib.uow import unit_of_work

LEASE = timedelta(seconds=30)
"""How long a silent worker is believed to live; it renews three times as often."""
EVENT = "workspaces-changed"

Result = TypeVar("Result")
Change = Callable[[Workspace, datetime], None]
log = structlog.stdlib.get_logger("workspace")


class LeaseLost(Exception):
    """Another attempt has taken over, or the matter is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machinery:
    """What carrying out takes."""

    session_maker: async_sessionmaker[AsyncSession]
    driver: WorkspaceDriver
    routes: Routes
    redis: Redis
    keys: Keys
    clock: Callable[[], datetime] = now
    lease: timedelta = LEASE


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One try at a transition."""

    machinery: Machinery
    transition_id: UUID
    number: int
    kind: TransitionKind
    company_id: UUID
    spec: WorkspaceSpec
    state: DriverState
    reason: str | None
    """Why it was asked for, when nobody did."""
    refusal: str | None
    """Why the company may not have what it asked for any more."""
    steps: list[dict[str, Any]] = field(default_factory=list)

    async def report(self, name: str) -> None:
        """Note that a step begins and the one before it is over; renews the lease."""
        at = self.machinery.clock()
        self._end_running_step(at)
        for step in self.steps:
            if step["name"] == name:
                step["started_at"] = at.isoformat()
        await self._write(at, steps=self.steps)
        await publish(self.machinery.redis, self.company_id, EVENT)

    async def while_held(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do the work while the lease is renewed beside it; raise `LeaseLost` once that fails."""
        task = asyncio.ensure_future(work)
        keeper = asyncio.ensure_future(self._keep_lease())
        try:
            await asyncio.wait({task, keeper}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise LeaseLost
            return task.result()
        finally:
            task.cancel()
            keeper.cancel()
            await asyncio.gather(task, keeper, return_exceptions=True)

    async def close(self, change: Change, error: str | None = None) -> None:
        """End the matter: the workspace's new status, the transition's end and the audit entry at once."""
        at = self.machinery.clock()
        async with unit_of_work(self.machinery.session_maker) as session:
            workspace = await queries.lock_with_company(session, self.spec.id)
            transition = await session.get_one(WorkspaceTransition, self.transition_id)
            if transition.attempts != self.number or transition.finished_at is not None:
                raise LeaseLost
            change(workspace, at)
            if error is None:
                self._end_running_step(at)
            transition.steps = self.steps
            transition.finish(at, error)
            audit.record(
                session,
                at=at,
                action=f"workspace.{workspace.status}",
                subject=workspace.id,
                company_id=workspace.company_id,
                actor="system",
                facts={"name": workspace.name, "transition": self.kind, "error": error},
            )
        await publish(self.machinery.redis, self.company_id, EVENT)

    async def release(self, after: timedelta) -> None:
        """Leave the transition to another attempt, not before this time has passed."""
        await self._write(self.machinery.clock(), lease_until=self.machinery.clock() + after)

    async def _keep_lease(self) -> None:
        clock, lease = self.machinery.clock, self.machinery.lease
        lost_at = clock() + lease
        while clock() < lost_at:
            await asyncio.sleep(lease.total_seconds() / 3)
            try:
                await self._write(clock())
            except LeaseLost:
                return
            except (DBAPIError, OSError):  # the database may be back before the lease is over
                continue
            lost_at = clock() + lease

    async def _write(self, at: datetime, **values: Any) -> None:
        statement = (
            update(WorkspaceTransition)
            .where(
                WorkspaceTransition.id == self.transition_id,
                WorkspaceTransition.attempts == self.number,
                WorkspaceTransition.finished_at.is_(None),
            )
            .values({"lease_until": at + self.machinery.lease, **values})
            .returning(WorkspaceTransition.id)
        )
        async with unit_of_work(self.machinery.session_maker) as session:
            if await session.scalar(statement) is None:
                raise LeaseLost

    def _end_running_step(self, at: datetime) -> None:
        for step in self.steps:
            if step["started_at"] and not step["finished_at"]:
                step["finished_at"] = at.isoformat()


async def take_up(
    machinery: Machinery, transition_id: UUID, steps: Callable[[TransitionKind], tuple[str, ...]]
) -> Attempt | None:
    """Take the lease of a transition; nothing when it is done, held by another worker, or unknown."""
    at = machinery.clock()
    async with unit_of_work(machinery.session_maker) as session:
        transition = await session.get(WorkspaceTransition, transition_id)
        if transition is None:
            return None
        # The workspace's row is the lock, here as for requests: one order, no deadlock.
        workspace = await queries.lock_with_company(session, transition.workspace_id)
        await session.refresh(transition)
        if not transition.is_due(at):
            return None
        transition.take_up(at + machinery.lease, steps(transition.kind))
        company_time = await time_of(session, workspace.company_id, at)
        entitlement = entitlement_of(await newest_subscription(session, workspace.company_id), company_time)
        return Attempt(
            machinery=machinery,
            transition_id=transition.id,
            number=transition.attempts,
            kind=transition.kind,
            company_id=workspace.company_id,
            spec=spec_of(workspace, entitlement, machinery.keys),
            state=workspace.driver_state,
            reason=transition.reason,
            refusal=refusal_of(transition.kind, entitlement),
            steps=[dict(step) for step in transition.steps],
        )


def spec_of(workspace: Workspace, entitlement: Entitlement, keys: Keys) -> WorkspaceSpec:
    """Return what is to run, as large as the plan allows now."""
    plan = entitlement.plan
    return WorkspaceSpec(
        id=workspace.id,
        name=workspace.name,
        company_slug=workspace.company.slug,
        memory_mb=plan.memory_mb if plan else 0,
        cpu_count=plan.cpu_count if plan else 0,
        disk_gb=plan.disk_gb if plan else 0,
        editor_secret=editor_secret(keys, workspace.id),
        idle_stop=idle_stop_of(plan, workspace.company.language) if plan else None,
    )


def refusal_of(kind: TransitionKind, entitlement: Entitlement) -> str | None:
    """Return why a start may not go on; stopping and deleting always may."""
    if kind is not TransitionKind.START:
        return None
    try:
        entitlement.require_running()
    except DomainError as refusal:
        return refusal.message
    return None
