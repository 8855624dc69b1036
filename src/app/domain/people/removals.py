"""What follows a removal: workspaces that were to be stopped or deleted are, or it is asked for again.

A removal is due until none of its workspaces is pinned to it any more. Whoever looks holds the removal's row
and then the workspaces' rows; the drivers' work is the transitions' (workspaces/lifecycle.py).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import (
    MemberRemoval,
    TransitionKind,
    User,
    Workspace,
    WorkspaceStatus,
    WorkspacesTo,
)
from app.db.scoped import owned
from app.domain.audit.service import record
from app.domain.companies.clocks import time_of
from app.domain.companies.permissions import Permission
from app.domain.companies.viewer import Viewer
from app.domain.jobs import Job
from app.domain.workspaces.standstill import ask
from app.lib.clock import real_now
from app.lib.i18n import N_
from app.lib.uow import defer

W = WorkspaceStatus
LOOK_AGAIN: Final = timedelta(seconds=20)
"""How long a driver is waited for before somebody looks again."""
RETRY_AFTER: Final = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=24),
)
"""How long to wait after each time that something had failed; the last one is repeated."""
AT_ONCE: Final = 200


async def due_removals(session: AsyncSession, *, at: datetime) -> list[UUID]:
    """Return the removals that are to be looked at, in real time as the workspaces' own work is."""
    statement = (
        select(MemberRemoval.id)
        .where(MemberRemoval.next_attempt_at <= at)
        .order_by(MemberRemoval.next_attempt_at)
        .limit(AT_ONCE)
    )
    return list(await session.scalars(statement))


async def follow(session: AsyncSession, removal_id: UUID, *, at: datetime) -> None:
    """Look at one removal: let go of what has followed, ask again for what failed, note when to look next."""
    removal = await session.scalar(
        select(MemberRemoval)
        .where(MemberRemoval.id == removal_id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if removal is None or not removal.is_due(at):
        return
    company_time = await time_of(session, removal.company_id, at)
    left = [one for one in await _lock_pinned(session, removal) if not _has_followed(one, removal)]
    if not left:
        removal.finish(company_time)
        return
    has_failed = any(workspace.status is W.FAILED for workspace in left)
    for workspace in left:
        await push(session, workspace, removal, at=company_time)
    removal.attempts += has_failed
    wait = RETRY_AFTER[min(removal.attempts, len(RETRY_AFTER)) - 1] if has_failed else LOOK_AGAIN
    removal.look_again(at + wait)


async def push(session: AsyncSession, workspace: Workspace, removal: MemberRemoval, *, at: datetime) -> None:
    """Ask for what a pinned workspace still has to go through, unless a worker is at it."""
    if workspace.is_in_transition:
        return
    kind = TransitionKind.STOP if removal.workspaces_to is WorkspacesTo.MEMBER else TransitionKind.DELETE
    await ask(session, workspace, kind, at=at, by=removal.asked_by_id)


async def retry(session: AsyncSession, viewer: Viewer, removal_id: UUID, *, at: datetime) -> None:
    """Ask again now for what has failed; a removal that is done is left alone."""
    removal = await removal_in(session, viewer, removal_id, lock=True)
    if removal.done_at is not None:
        return
    removal.look_again(real_now())
    record(
        session,
        at=at,
        action="member.removal_retried",
        subject=removal.user_id,
        company_id=removal.company_id,
        actor_id=viewer.user.id,
    )
    defer(session, Job.FOLLOW_REMOVAL, removal_id=str(removal.id))


async def removal_in(
    session: AsyncSession, viewer: Viewer, removal_id: UUID, *, lock: bool = False
) -> MemberRemoval:
    """Return a removal of the viewer's company, or raise `NotFound`."""
    viewer.require(Permission.MANAGE_MEMBERS)
    of_id, missing = MemberRemoval.id == removal_id, N_("There is no such removal.")
    return await owned(session, MemberRemoval, viewer.company.id, of_id, missing=missing, lock=lock)


async def unfinished_removals(session: AsyncSession, company_id: UUID) -> list[tuple[MemberRemoval, str]]:
    """Return a company's removals whose workspaces have not all followed, with who it was, newest first."""
    statement = (
        select(MemberRemoval, User.full_name)
        .join(User, User.id == MemberRemoval.user_id)
        .where(MemberRemoval.company_id == company_id, MemberRemoval.done_at.is_(None))
        .order_by(MemberRemoval.asked_at.desc())
    )
    return [(removal, name) for removal, name in await session.execute(statement)]


async def pinned_to(session: AsyncSession, removal: MemberRemoval) -> Sequence[Workspace]:
    """Return the workspaces that have not followed yet, by name."""
    still_there = Workspace.deleted_at.is_(None)  # between the deletion and the next look at the removal
    statement = select(Workspace).where(Workspace.removal_id == removal.id, still_there)
    return (await session.scalars(statement.order_by(Workspace.name))).all()


async def _lock_pinned(session: AsyncSession, removal: MemberRemoval) -> Sequence[Workspace]:
    statement = (
        select(Workspace)
        .where(Workspace.removal_id == removal.id)
        .order_by(Workspace.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


def _has_followed(workspace: Workspace, removal: MemberRemoval) -> bool:
    """Let go of a workspace that is where it was to be.

    One that passed to somebody was asked to stop when it did: whatever runs now its new owner started.
    """
    to_somebody = removal.workspaces_to is WorkspacesTo.MEMBER
    followed = to_somebody and workspace.status in (W.STOPPED, W.STARTING, W.READY)
    if followed or workspace.status is W.DELETED:
        workspace.removal_id = None
    return workspace.removal_id is None
