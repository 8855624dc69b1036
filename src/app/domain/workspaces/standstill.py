"""All workspaces of a company at once: stopped when its subscription covers them no more, deleted at the end.

One that is just changing cannot be asked; both are called again until there is nothing left to ask.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import (
    Subscription,
    SubscriptionStatus,
    TransitionKind,
    Workspace,
    WorkspaceStatus,
    WorkspaceTransition,
)
from app.domain.audit import service as audit
from app.domain.companies.clocks import lives_here
from app.domain.jobs import Job
from app.lib.uow import defer

W = WorkspaceStatus
RUNNING = (W.READY,)
DELETABLE = (W.READY, W.STOPPED, W.FAILED)
UNDERWAY = {TransitionKind.STOP: W.STOPPING, TransitionKind.DELETE: W.DELETING}
COVERING = (SubscriptionStatus.TRIALING, SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)
"""States in which a subscription may cover running workspaces; until when is the entitlement's matter."""


async def stop_all(session: AsyncSession, company_id: UUID, *, at: datetime) -> int:
    """Ask for a stop of whatever runs; files stay. Returns how many were asked.

    A start that is under way is refused by its own worker (`attempts.refusal_of`), or is ready in a moment
    and stopped by the next call.
    """
    return await _ask_all(session, company_id, RUNNING, TransitionKind.STOP, at=at)


async def delete_all(session: AsyncSession, company_id: UUID, *, at: datetime) -> int:
    """Ask for the end of every workspace with its files. Returns how many were asked."""
    return await _ask_all(session, company_id, DELETABLE, TransitionKind.DELETE, at=at)


async def ask(
    session: AsyncSession,
    workspace: Workspace,
    kind: TransitionKind,
    *,
    at: datetime,
    by: UUID | None = None,
    reason: str | None = None,
) -> None:
    """Ask for a stop or a deletion of one workspace, whose row the caller holds; by nobody: by a schedule.

    The `reason` is a sentence for its page.
    """
    workspace.begin(UNDERWAY[kind])
    transition = WorkspaceTransition(
        company_id=workspace.company_id,
        workspace_id=workspace.id,
        kind=kind,
        requested_by_id=by,
        requested_at=at,
        reason=reason,
        attempts=0,
        steps=[],
    )
    session.add(transition)
    await session.flush()
    audit.record(
        session,
        at=at,
        action=f"workspace.{kind}_requested",
        subject=workspace.id,
        company_id=workspace.company_id,
        actor_id=by,
        actor="user" if by else "system",
        facts={"name": workspace.name},
    )
    defer(session, Job.RUN_TRANSITION, transition_id=str(transition.id))


async def uncovered_companies(session: AsyncSession, *, limit: int = 200) -> list[UUID]:
    """Return companies of which something runs though no subscription covers it.

    Such as what was starting when they were suspended. Whoever stops it asks for the entitlement once more.
    """
    covered = exists().where(
        Subscription.company_id == Workspace.company_id, Subscription.status.in_(COVERING)
    )
    here = lives_here(session, Workspace.company_id)
    statement = select(Workspace.company_id).where(Workspace.status.in_(RUNNING), ~covered, here).distinct()
    return list(await session.scalars(statement.limit(limit)))


async def _ask_all(
    session: AsyncSession,
    company_id: UUID,
    standing: Iterable[WorkspaceStatus],
    kind: TransitionKind,
    *,
    at: datetime,
) -> int:
    statement = (
        select(Workspace)
        .where(Workspace.company_id == company_id, Workspace.status.in_(standing))
        .order_by(Workspace.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    workspaces = list(await session.scalars(statement))
    for workspace in workspaces:
        await ask(session, workspace, kind, at=at)
    return len(workspaces)
