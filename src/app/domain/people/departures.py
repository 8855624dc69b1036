"""The end of a membership, and of what the person held: whoever leaves, is removed, or deletes their account.

Access ends in the transaction that ends the membership. Workspaces that pass to somebody else pass in it too,
and what runs is stopped, so that nobody stays inside; those that are deleted follow as the drivers come to
it. Each is pinned to the removal until it has followed, and `removals` asks again for what failed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import (
    MemberRemoval,
    Membership,
    Role,
    User,
    Workspace,
    WorkspaceStatus,
    WorkspacesTo,
)
from app.domain.audit.service import record
from app.domain.jobs import Job
from app.domain.people.removals import LOOK_AGAIN, push
from app.domain.subscriptions.entitlement import entitlement_of
from app.domain.subscriptions.queries import newest_subscription
from app.domain.workspaces.permissions import may_operate
from app.domain.workspaces.quotas import Places, change_quota, places_of
from app.lib.clock import real_now
from app.lib.errors import DomainError, InvalidInput, NotFound
from app.lib.i18n import N_
from app.lib.uow import defer

W = WorkspaceStatus
MAY_HOLD_SOMEBODY: Final = frozenset({W.READY, W.FAILED, W.STOPPING})
"""States in which an editor, and with it an open connection of the former owner, may still be there."""


class OwnerStays(DomainError):
    """The owner cannot go as long as the company is theirs."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of the workspaces of somebody who goes."""

    to: WorkspacesTo
    heir_id: UUID | None = None
    """The person they pass to; nothing: the company's owner, whose quota makes room if need be."""


TO_OWNER: Final = Choice(WorkspacesTo.MEMBER)
DELETE: Final = Choice(WorkspacesTo.DELETION)


async def end_membership(
    session: AsyncSession,
    membership: Membership,
    *,
    by: UUID | None,
    at: datetime,
    choice: Choice = TO_OWNER,
) -> MemberRemoval:
    """End a membership now; its workspaces go where `choice` says. Whether `by` may is the caller's to ask.

    Raises `OwnerStays`, `NotFound` when the membership has ended meanwhile, and `InvalidInput` at the field
    `heir` when that person cannot take the workspaces. The quota goes back to the company; other companies
    of the person are untouched.
    """
    subscription = await newest_subscription(session, membership.company_id, lock=True)
    places = await places_of(session, membership.company_id, entitlement_of(subscription, at))
    membership, user = await _lock_member(session, membership.id)
    if membership.role is Role.OWNER:
        raise OwnerStays(N_("The owner cannot be removed. Hand the ownership over first."))
    workspaces = await _lock_workspaces(session, membership.company_id, user.id)
    heir = await _heir_of(session, membership, places, choice, len(workspaces), by=by, at=at)
    removal = MemberRemoval(
        company_id=membership.company_id,
        user_id=user.id,
        asked_by_id=by,
        asked_at=at,
        workspaces_to=choice.to,
        heir_id=heir.user_id if heir else None,
        workspace_count=len(workspaces),
        attempts=0,
        next_attempt_at=real_now() + LOOK_AGAIN,
    )
    session.add(removal)
    await session.delete(membership)
    await session.flush()
    _record(session, removal, user, heir, at=at)
    for workspace in workspaces:
        await _send_off(session, workspace, removal, heir, at=at)
    await session.flush()
    if not any(workspace.removal_id for workspace in workspaces):
        removal.finish(at)
    return removal


async def held_by(session: AsyncSession, company_id: UUID, user_id: UUID) -> Sequence[Workspace]:
    """Return the workspaces that a person has in a company, by name."""
    statement = (
        select(Workspace)
        .where(
            Workspace.company_id == company_id, Workspace.owner_id == user_id, Workspace.deleted_at.is_(None)
        )
        .order_by(Workspace.name)
    )
    return (await session.scalars(statement)).all()


async def _lock_member(session: AsyncSession, membership_id: UUID) -> tuple[Membership, User]:
    statement = (
        select(Membership, User)
        .join(User, User.id == Membership.user_id)
        .where(Membership.id == membership_id)
        .with_for_update(of=Membership)
        .execution_options(populate_existing=True)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound(N_("There is no such member."))
    return row[0], row[1]


async def _lock_workspaces(session: AsyncSession, company_id: UUID, user_id: UUID) -> Sequence[Workspace]:
    statement = (
        select(Workspace)
        .where(
            Workspace.company_id == company_id, Workspace.owner_id == user_id, Workspace.deleted_at.is_(None)
        )
        .order_by(Workspace.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def _heir_of(
    session: AsyncSession,
    leaving: Membership,
    places: Places,
    choice: Choice,
    count: int,
    *,
    by: UUID | None,
    at: datetime,
) -> Membership | None:
    """Return who takes the workspaces, with room for them; nobody when they are deleted."""
    if choice.to is WorkspacesTo.DELETION:
        return None
    is_heir = Membership.user_id == choice.heir_id if choice.heir_id else Membership.role == Role.OWNER
    heir = await session.scalar(
        select(Membership)
        .where(Membership.company_id == leaving.company_id, Membership.id != leaving.id, is_heir)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    share = places.share_of(heir.user_id) if heir else None
    if heir is None or share is None or not may_operate(heir.role):
        raise InvalidInput(N_("Choose a member who works with workspaces."), field="heir")
    if share.quota is None or share.used + count <= share.quota:
        return heir
    if choice.heir_id is None:
        change_quota(session, heir, None, name=share.full_name, by=by, at=at)
        return heir
    raise InvalidInput(
        N_(
            "%(name)s has %(used)s workspaces and a quota of %(quota)s: %(count)s more do not fit. "
            "Raise the quota first, or choose somebody else."
        ),
        field="heir",
        name=share.full_name,
        used=share.used,
        quota=share.quota,
        count=count,
    )


async def _send_off(
    session: AsyncSession,
    workspace: Workspace,
    removal: MemberRemoval,
    heir: Membership | None,
    *,
    at: datetime,
) -> None:
    """Give a workspace to the heir and cut off who may be inside, or have it deleted."""
    if heir is None:
        workspace.removal_id = removal.id
        await push(session, workspace, removal, at=at)
        return
    record(
        session,
        at=at,
        action="workspace.moved",
        subject=workspace.id,
        company_id=workspace.company_id,
        actor_id=removal.asked_by_id,
        actor="user" if removal.asked_by_id else "system",
        facts={"name": workspace.name, "from": str(workspace.owner_id), "to": str(heir.user_id)},
    )
    workspace.owner_id = heir.user_id
    if workspace.status in MAY_HOLD_SOMEBODY:
        workspace.removal_id = removal.id
        await push(session, workspace, removal, at=at)


def _record(
    session: AsyncSession, removal: MemberRemoval, user: User, heir: Membership | None, *, at: datetime
) -> None:
    by = removal.asked_by_id
    record(
        session,
        at=at,
        action="member.left" if by == user.id else "member.removed",
        subject=user.id,
        company_id=removal.company_id,
        actor_id=by,
        actor="user" if by else "system",
        facts={
            "name": user.full_name,
            "workspaces": removal.workspace_count,
            "to": str(heir.user_id) if heir else None,
        },
    )
    defer(session, Job.FOLLOW_REMOVAL, removal_id=str(removal.id))
