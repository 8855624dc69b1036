"""Reading workspaces. Everything that a person asks for is looked up inside their company."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.db.models import (
    Company,
    Membership,
    Plan,
    Role,
    Subscription,
    SubscriptionStatus,
    TestClock,
    User,
    Workspace,
    WorkspaceStatus,
    WorkspaceTransition,
)
from app.domain.companies.viewer import LACKS_TWO_FACTOR

SWEEP_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class EdgeFacts:
    """All that decides whether a person may reach a workspace, read in one query."""

    workspace: Workspace
    company: Company
    session_epoch: int
    lacks_two_factor: bool
    role: Role | None
    subscription: Subscription | None
    clock_at: datetime | None
    """Where the company's test clock stands, if it has one."""


def _live(company_id: UUID) -> Select[Workspace]:
    return (
        select(Workspace)
        .join(Workspace.owner)
        .options(contains_eager(Workspace.owner))
        .where(Workspace.company_id == company_id, Workspace.deleted_at.is_(None))
    )


async def live_workspaces(session: AsyncSession, company_id: UUID) -> Sequence[Workspace]:
    """Return a company's workspaces with their owners, by name."""
    return (await session.scalars(_live(company_id).order_by(Workspace.name))).all()


async def newest_workspaces(session: AsyncSession, company_id: UUID, limit: int = 6) -> Sequence[Workspace]:
    """Return the company's newest workspaces with their owners."""
    statement = _live(company_id).order_by(Workspace.created_at.desc()).limit(limit)
    return (await session.scalars(statement)).all()


async def count_live(session: AsyncSession, company_id: UUID) -> int:
    """Return how many places of its plan a company uses."""
    statement = select(func.count()).where(Workspace.company_id == company_id, Workspace.deleted_at.is_(None))
    return await session.scalar(statement) or 0


async def count_running(session: AsyncSession, company_id: UUID) -> int:
    """Return how many workspaces of a company run or are about to."""
    running = (WorkspaceStatus.STARTING, WorkspaceStatus.READY)
    statement = select(func.count()).where(Workspace.company_id == company_id, Workspace.status.in_(running))
    return await session.scalar(statement) or 0


async def workspace_named(session: AsyncSession, company_id: UUID, name: str) -> Workspace | None:
    """Return the company's live workspace of this name."""
    return await session.scalar(_live(company_id).where(Workspace.name == name))


async def latest_transition(session: AsyncSession, workspace_id: UUID) -> WorkspaceTransition | None:
    """Return what was last asked of a workspace."""
    statement = (
        select(WorkspaceTransition)
        .where(WorkspaceTransition.workspace_id == workspace_id)
        .order_by(WorkspaceTransition.requested_at.desc(), WorkspaceTransition.id.desc())
        .limit(1)
    )
    return await session.scalar(statement)


async def due_transitions(session: AsyncSession, *, at: datetime) -> Sequence[UUID]:
    """Return the open transitions that no worker holds, oldest first."""
    statement = (
        select(WorkspaceTransition.id)
        .where(
            WorkspaceTransition.finished_at.is_(None),
            or_(WorkspaceTransition.lease_until.is_(None), WorkspaceTransition.lease_until <= at),
        )
        .order_by(WorkspaceTransition.requested_at)
        .limit(SWEEP_AT_ONCE)
    )
    return (await session.scalars(statement)).all()


async def ready_workspaces(session: AsyncSession) -> Sequence[Workspace]:
    """Return every workspace that is believed to run, with its company."""
    statement = (
        select(Workspace)
        .join(Workspace.company)
        .options(contains_eager(Workspace.company))
        .where(Workspace.status == WorkspaceStatus.READY)
        .order_by(Workspace.id)
    )
    return (await session.scalars(statement)).all()


async def editors_of_other_keys(session: AsyncSession, key: str) -> int:
    """Return how many workspaces run with a secret of another key than the one of this name."""
    statement = select(func.count()).where(
        Workspace.status == WorkspaceStatus.READY, Workspace.editor_key.is_distinct_from(key)
    )
    return (await session.scalars(statement)).one()


async def lock_with_company(session: AsyncSession, workspace_id: UUID) -> Workspace:
    """Return a workspace with its company, locked until the commit; also a deleted one."""
    statement = (
        select(Workspace)
        .join(Workspace.company)
        .options(contains_eager(Workspace.company))
        .where(Workspace.id == workspace_id)
        .with_for_update(of=Workspace)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).one()


async def edge_facts(session: AsyncSession, *, workspace_id: UUID, user_id: UUID) -> EdgeFacts | None:
    """Return what the edge decides on; nothing when there is no such workspace or person any more."""
    statement = (
        select(
            Workspace,
            Company,
            User.session_epoch,
            LACKS_TWO_FACTOR,
            Membership.role,
            Subscription,
            TestClock.at,
        )
        .join(Workspace.company)
        .join(User, User.id == user_id)
        .outerjoin(
            Membership,
            and_(Membership.company_id == Workspace.company_id, Membership.user_id == User.id),
        )
        .outerjoin(
            Subscription,
            and_(
                Subscription.company_id == Workspace.company_id,
                Subscription.status != SubscriptionStatus.CANCELED,
            ),
        )
        .outerjoin(Plan, Plan.code == Subscription.plan_code)
        .outerjoin(TestClock, TestClock.company_id == Workspace.company_id)
        .options(contains_eager(Subscription.plan))
        .where(Workspace.id == workspace_id)
    )
    row = (await session.execute(statement)).one_or_none()
    return EdgeFacts(*row) if row else None
