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
    Workspace,
    WorkspaceStatus,
    WorkspacesTo,
)
from app.domain.audit.changes import difference
from app.domain.audit.facts import about_person
from app.domain.audit.service import record
from app.domain.jobs import Job
from app.domain.people.removals import LOOK_AGAIN, push
from app.domain.subscriptions.entitlement import entitlement_of
from app.domain.subscriptions.queries import newest_subscription
from app.domain.workspaces.permissions import may_operate
from app.domain.workspaces.quotas import Places, Share, change_quota, places_of
from app.lib.clock import real_now
from app.lib.errors import DomainError, InvalidInput, NotFound
from app.lib.i18n import N_
from app.lib.uow import defer

W = WorkspaceStatus
MAY_HOLD_SOMEBODY: Final = frozenset({W.READY, W.FAILED, W.STOPPING})
"""States in which an editor, and with it an open connection of the former owner, may still be there."""


OWNER_STAYS = N_("The owner cannot go. Hand the ownership over first.")


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

    Raises `OwnerStays`, `NotFound` when it has ended meanwhile, and `InvalidInput` at the field `heir` when
    that person cannot take the workspaces. The person's quota goes back, their other companies stay.
    """
    places, leaving = await _hold(session, membership, at=at)
    workspaces = await held_by(session, membership.company_id, leaving.user_id, lock=True)
    heir = None if choice.to is WorkspacesTo.DELETION else _heir_of(places, leaving, choice, len(workspaces))
    if heir is not None and not fits(heir, len(workspaces)):
        owner = await session.get_one(Membership, heir.membership_id, with_for_update=True)
        change_quota(session, owner, None, by=by, at=at)
    removal = MemberRemoval(
        company_id=membership.company_id,
        user_id=leaving.user_id,
        asked_by_id=by,
        asked_at=at,
        workspaces_to=choice.to,
        heir_id=heir.user_id if heir else None,
        workspace_count=len(workspaces),
        attempts=0,
        next_attempt_at=real_now() + LOOK_AGAIN,
    )
    session.add(removal)
    await session.flush()
    _record(session, removal, leaving, at=at)
    for workspace in workspaces:
        await _send_off(session, workspace, removal, leaving, heir, at=at)
    if not any(workspace.removal_id for workspace in workspaces):
        removal.finish(at)
    await session.delete(membership)
    await session.flush()
    return removal


async def held_by(
    session: AsyncSession, company_id: UUID, user_id: UUID, *, lock: bool = False
) -> Sequence[Workspace]:
    """Return the workspaces that a person has in a company, by name; `lock` keeps them until the commit."""
    statement = select(Workspace).where(
        Workspace.company_id == company_id, Workspace.owner_id == user_id, Workspace.deleted_at.is_(None)
    )
    if lock:
        locking = statement.order_by(Workspace.id).with_for_update()
        await session.scalars(locking.execution_options(populate_existing=True))
    return (await session.scalars(statement.order_by(Workspace.name))).all()


async def _hold(session: AsyncSession, membership: Membership, *, at: datetime) -> tuple[Places, Share]:
    """Return the company's places and the leaving person's part, held; nobody joins or goes meanwhile."""
    subscription = await newest_subscription(session, membership.company_id, lock=True)
    held = await session.scalar(
        select(Membership)
        .where(Membership.id == membership.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if held is None:
        raise NotFound(N_("There is no such member."))
    if held.role is Role.OWNER:
        raise OwnerStays(OWNER_STAYS)
    places = await places_of(session, held.company_id, entitlement_of(subscription, at))
    leaving = places.share_of(held.user_id)
    assert leaving is not None  # read under the row's lock
    return places, leaving


def fits(heir: Share, count: int) -> bool:
    """Say whether somebody's quota takes so many workspaces more; without one, any number does.

    The plan need not be asked: the places are taken already, and a quota that goes back frees no fewer.
    """
    return heir.quota is None or heir.used + count <= heir.quota


def _heir_of(places: Places, leaving: Share, choice: Choice, count: int) -> Share:
    others = [share for share in places.shares if share is not leaving and may_operate(share.role)]
    if choice.heir_id is None:
        return next(share for share in others if share.role is Role.OWNER)
    heir = next((share for share in others if share.user_id == choice.heir_id), None)
    if heir is None:
        raise InvalidInput(N_("Choose a member who works with workspaces."), field="heir")
    if not fits(heir, count):
        raise InvalidInput(
            N_(
                "%(name)s has %(used)s workspaces and a quota of %(quota)s: %(count)s more do not fit. "
                "Raise the quota first, or choose somebody else."
            ),
            field="heir",
            name=heir.full_name,
            used=heir.used,
            quota=heir.quota,
            count=count,
        )
    return heir


async def _send_off(
    session: AsyncSession,
    workspace: Workspace,
    removal: MemberRemoval,
    leaving: Share,
    heir: Share | None,
    *,
    at: datetime,
) -> None:
    """Give a workspace to the heir and cut off who may be inside, or have it deleted."""
    if heir is not None:
        record(
            session,
            at=at,
            action="workspace.moved",
            subject=workspace.id,
            company_id=workspace.company_id,
            actor_id=removal.asked_by_id,
            actor="user" if removal.asked_by_id else "system",
            facts={"name": workspace.name, **about_person(heir.user_id)},
        )
        workspace.owner_id = heir.user_id
    if heir is None or workspace.status in MAY_HOLD_SOMEBODY:
        workspace.removal_id = removal.id
        await push(session, workspace, removal, at=at)


def _record(session: AsyncSession, removal: MemberRemoval, leaving: Share, *, at: datetime) -> None:
    by = removal.asked_by_id
    record(
        session,
        at=at,
        action="member.left" if by == leaving.user_id else "member.removed",
        subject=leaving.user_id,
        company_id=removal.company_id,
        actor_id=by,
        actor="user" if by else "system",
        facts={
            **about_person(leaving.user_id),
            "workspaces": removal.workspace_count,
            "workspaces_to": removal.workspaces_to,
        },
        changes=difference({"role": leaving.role}, {"role": None}),
    )
    defer(session, Job.FOLLOW_REMOVAL, removal_id=str(removal.id))
