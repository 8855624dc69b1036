"""One customer's wishes for workspaces, and a pair of hands that carries them out."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import Workspace, WorkspaceTransition
from app.domain.workspaces import service
from app.domain.workspaces.attempts import Machinery
from app.domain.workspaces.drivers.base import WorkspaceDriver
from app.domain.workspaces.guards import workspace_of
from app.domain.workspaces.lifecycle import run_transition
from app.domain.workspaces.queries import due_transitions
from app.lib.clock import now
from app.lib.uow import unit_of_work
from tests.factories import Customer

Sessions = async_sessionmaker[AsyncSession]


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.at = now()

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **span: float) -> None:
        self.at += timedelta(**span)


class Desk:
    """One customer's wishes, each in a transaction of its own, as requests make them."""

    def __init__(self, session_maker: Sessions, customer: Customer, clock: Callable[[], datetime]) -> None:
        self.session_maker = session_maker
        self.customer = customer
        self.clock = clock

    async def create(self, name: str = "shop") -> UUID:
        async with unit_of_work(self.session_maker) as session:
            viewer = await self.customer.viewer(session)
            workspace = await service.create_workspace(
                session, viewer, name=name, driver="fake", at=self.clock()
            )
            return workspace.id

    async def start(self, workspace_id: UUID) -> None:
        await self._ask(service.start_workspace, workspace_id)

    async def stop(self, workspace_id: UUID) -> None:
        await self._ask(service.stop_workspace, workspace_id)

    async def delete(self, workspace_id: UUID) -> None:
        await self._ask(service.delete_workspace, workspace_id)

    async def workspace(self, workspace_id: UUID) -> Workspace:
        async with self.session_maker() as session:
            return await session.get_one(Workspace, workspace_id)

    async def transitions(self, workspace_id: UUID) -> list[WorkspaceTransition]:
        """Return them oldest first."""
        statement = select(WorkspaceTransition).where(WorkspaceTransition.workspace_id == workspace_id)
        async with self.session_maker() as session:
            return list(await session.scalars(statement.order_by(WorkspaceTransition.id)))

    async def _ask(self, wish: Callable[..., Awaitable[None]], workspace_id: UUID) -> None:
        async with unit_of_work(self.session_maker) as session:
            viewer = await self.customer.viewer(session)
            workspace = await workspace_of(session, viewer, workspace_id, lock=True)
            await wish(session, viewer, workspace, at=self.clock())


async def work_off(machinery: Machinery) -> int:
    """Carry out everything that is due, as the sweeper would, and return how much it was."""
    async with machinery.session_maker() as session:
        due = await due_transitions(session, at=machinery.clock())
    for transition_id in due:
        await run_transition(machinery, transition_id)
    return len(due)


def with_driver(machinery: Machinery, driver: WorkspaceDriver) -> Machinery:
    """Return the machinery with another driver."""
    return replace(machinery, driver=driver)


async def routed(machinery: Machinery, workspace_id: UUID) -> str | None:
    """Return where the edge sends the workspace's traffic."""
    key = f"traefik/http/services/workspace-{workspace_id}/loadBalancer/servers/0/url"
    url = await machinery.redis.get(key)
    return str(url) if url else None


async def open_transition(desk: Desk, workspace_id: UUID) -> WorkspaceTransition:
    return (await desk.transitions(workspace_id))[-1]
