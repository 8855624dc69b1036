"""Companies with workspaces on the test's real database, and what carries out their wishes."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
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
from app.tasks.context import Resources
from app.tasks.workspaces import machinery_of
from tests.factories import Customer, make_customer

Sessions = async_sessionmaker[AsyncSession]


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.at = now()

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **span: float) -> None:
        self.at += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def machinery(resources: Resources, clock: Clock) -> Machinery:
    """The machinery on a fake driver, with a clock that stands."""
    return replace(machinery_of(resources), clock=clock)


@pytest.fixture
async def customer(session_maker: Sessions) -> Customer:
    """A company in its trial of the plan with 20 workspaces."""
    return await make_customer(session_maker, name="Acme")


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


@pytest.fixture
def desk(session_maker: Sessions, customer: Customer, clock: Clock) -> Desk:
    return Desk(session_maker, customer, clock)


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
