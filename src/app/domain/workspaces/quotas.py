"""Who may take which of a plan's places: "may this company" is the entitlement's, "may this person" is here.

Used places and places reserved by quotas are together never more than the plan holds, so that a reserved
place is there when its person wants it. Only a change to a smaller plan can break that: then nothing is taken
away, and nothing more is given until quotas were lowered or workspaces deleted (docs/adr/0034).
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Membership, Role, User, Workspace
from app.domain.audit.changes import difference
from app.domain.audit.facts import about_person
from app.domain.audit.service import record
from app.domain.companies.permissions import WORDS, Permission, allows
from app.domain.companies.viewer import Viewer
from app.domain.subscriptions.entitlement import Entitlement, WorkspaceLimitReached, entitlement_of
from app.domain.subscriptions.queries import newest_subscription
from app.domain.workspaces.permissions import may_operate
from app.lib.errors import DomainError, InvalidInput, NotAllowed, NotFound
from app.lib.i18n import N_

LONGEST_NUMBER = 4
"""Digits of a quota as typed: no plan holds more."""


@dataclass(frozen=True, slots=True)
class Share:
    """One member's part of the places."""

    membership_id: UUID
    user_id: UUID
    full_name: str
    role: Role
    quota: int | None
    """Places that are kept for them and are all they may have; nothing: they share what is left."""
    used: int

    @property
    def reserved(self) -> int:
        """Places kept for them that they do not use."""
        return max(0, (self.quota or 0) - self.used)


@dataclass(frozen=True, slots=True)
class Places:
    """The places of one company's plan and who has them."""

    entitlement: Entitlement
    used: int
    """By everybody, also by those who are no members any more and whose workspaces are being deleted."""
    shares: tuple[Share, ...]

    @property
    def limit(self) -> int | None:
        """How many there are; nothing means without limit."""
        return self.entitlement.workspace_limit

    @property
    def reserved(self) -> int:
        """Places that are kept for somebody and not used."""
        return sum(share.reserved for share in self.shares)

    @property
    def free(self) -> int | None:
        """Places that are neither used nor reserved; nothing means without limit."""
        return None if self.limit is None else max(0, self.limit - self.used - self.reserved)

    @property
    def excess(self) -> int:
        """How many more are used or reserved than the plan holds, after a change to a smaller one."""
        return 0 if self.limit is None else max(0, self.used + self.reserved - self.limit)

    def share_of(self, user_id: UUID) -> Share | None:
        """Return a member's part."""
        return next((share for share in self.shares if share.user_id == user_id), None)

    def largest_quota(self, share: Share) -> int | None:
        """Return how large this member's quota can be; nothing means as large as one likes."""
        if self.limit is None:
            return None
        return share.used + max(0, self.limit - self.used - (self.reserved - share.reserved))

    def room_for(self, user_id: UUID) -> "Room":
        """Return what this person finds."""
        return Room(self, self.share_of(user_id))


@dataclass(frozen=True, slots=True)
class Room:
    """What one person finds: how many more workspaces they may create, and why no more."""

    places: Places
    share: Share | None

    @property
    def left(self) -> int | None:
        """How many more; nothing means without limit."""
        if self.share is None:
            return 0
        limit, quota = self.places.limit, self.share.quota
        in_plan = None if limit is None else max(0, limit - self.places.used)
        if quota is None:
            return self.places.free
        return self.share.reserved if in_plan is None else min(self.share.reserved, in_plan)

    @property
    def is_full(self) -> bool:
        """Say whether the company's plan itself holds no more, for nobody."""
        return self.places.limit is not None and self.places.used >= self.places.limit

    @property
    def refusal(self) -> DomainError | None:
        """Why this person can have no further workspace, as a sentence; nothing when they can."""
        try:
            self.require()
        except DomainError as refusal:
            return refusal
        return None

    def require(self) -> None:
        """Raise unless one more fits into the plan, into the quota, and beside what is kept for others."""
        if self.share is None:
            raise NotAllowed(N_("You are not a member who works with the workspaces of this company."))
        self.places.entitlement.require_room(self.places.used)
        if self.left != 0:
            return
        if self.share.quota is not None:
            raise WorkspaceLimitReached(
                N_(
                    "Your own quota is %(quota)s workspaces and you have as many. "
                    "Delete one or ask an administrator for more."
                ),
                quota=self.share.quota,
            )
        raise WorkspaceLimitReached(
            N_(
                "The places that are left in your plan (%(count)s) are reserved for others. "
                "Ask an administrator for a quota of your own."
            ),
            count=max(0, (self.places.limit or 0) - self.places.used),
        )


async def places_of(session: AsyncSession, company_id: UUID, entitlement: Entitlement) -> Places:
    """Return who has which places; exact for whoever holds the subscription's row."""
    held = (
        select(Workspace.owner_id, func.count().label("count"))
        .where(Workspace.company_id == company_id, Workspace.deleted_at.is_(None))
        .group_by(Workspace.owner_id)
        .subquery()
    )
    # also those of people who have gone, until they are deleted or somebody else's
    in_all = select(func.count()).where(Workspace.company_id == company_id, Workspace.deleted_at.is_(None))
    members = (
        select(Membership, User.full_name, func.coalesce(held.c.count, 0), in_all.scalar_subquery())
        .join(User, User.id == Membership.user_id)
        .outerjoin(held, held.c.owner_id == Membership.user_id)
        .where(Membership.company_id == company_id)
        .order_by(User.full_name, Membership.id)
        .execution_options(populate_existing=True)
    )
    rows = (await session.execute(members)).all()
    shares = tuple(
        Share(member.id, member.user_id, name, member.role, member.workspace_quota, used)
        for member, name, used, _ in rows
    )
    return Places(entitlement, rows[0][3] if rows else 0, shares)


async def room_of(session: AsyncSession, viewer: Viewer, *, at: datetime, lock: bool = False) -> Room:
    """Return what the viewer finds; `lock` holds the subscription's row, under which places are given."""
    subscription = await newest_subscription(session, viewer.company.id, lock=lock)
    places = await places_of(session, viewer.company.id, entitlement_of(subscription, at))
    return places.room_for(viewer.user.id)


async def share_in(
    session: AsyncSession, viewer: Viewer, membership_id: UUID, *, at: datetime, lock: bool = False
) -> tuple[Places, Share]:
    """Return a member's part among the company's, for somebody who manages members.

    Under the lock what they may is read again: somebody else may have changed it meanwhile. Raises
    `NotAllowed` and `NotFound`.
    """
    viewer.require(Permission.MANAGE_MEMBERS)
    subscription = await newest_subscription(session, viewer.company.id, lock=lock)
    places = await places_of(session, viewer.company.id, entitlement_of(subscription, at))
    own = places.share_of(viewer.user.id)
    if lock and (own is None or not allows(own.role, Permission.MANAGE_MEMBERS)):
        raise NotAllowed(WORDS[Permission.MANAGE_MEMBERS].refusal)
    for share in places.shares:
        if share.membership_id == membership_id:
            return places, share
    raise NotFound(N_("There is no such member."))


async def set_quota(
    session: AsyncSession, viewer: Viewer, membership_id: UUID, typed: str, *, at: datetime
) -> None:
    """Give a member a quota as it was typed, or take it away when nothing was.

    Raises `InvalidInput` with the sentence for the field.
    """
    places, share = await share_in(session, viewer, membership_id, at=at, lock=True)
    quota = read_quota(typed)
    require_fitting(places, share, quota)
    if quota == share.quota:
        return
    membership = await session.get_one(Membership, membership_id, with_for_update=True)
    change_quota(session, membership, quota, by=viewer.user.id, at=at)


def change_quota(
    session: AsyncSession,
    membership: Membership,
    quota: int | None,
    *,
    by: UUID | None,
    at: datetime,
) -> None:
    """Write a quota down with its audit entry; whether it fits is the caller's to have asked."""
    record(
        session,
        at=at,
        action="member.quota_changed",
        subject=membership.user_id,
        company_id=membership.company_id,
        actor_id=by,
        actor="user" if by else "system",
        facts=about_person(membership.user_id),
        changes=difference({"workspace_quota": membership.workspace_quota}, {"workspace_quota": quota}),
    )
    membership.workspace_quota = quota


def read_quota(typed: str) -> int | None:
    """Return the number that was typed, or nothing for an empty field."""
    text = typed.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        raise InvalidInput(N_("Write a whole number, or leave the field empty for no quota."), field="quota")
    return int(text)


def require_fitting(places: Places, share: Share, quota: int | None) -> None:
    """Raise `InvalidInput` unless this quota is at least what is used and at most what is left."""
    if quota is None:
        return
    if not may_operate(share.role):
        raise InvalidInput(
            N_("Billing people do not work with workspaces: a quota would only take places from others."),
            field="quota",
        )
    if quota < share.used:
        raise InvalidInput(
            N_("%(name)s has %(used)s workspaces now, so the quota cannot be smaller."),
            field="quota",
            name=share.full_name,
            used=share.used,
        )
    is_lowered = share.quota is not None and quota <= share.quota
    largest = places.largest_quota(share)
    if is_lowered or largest is None or quota <= largest:
        return
    if places.excess:
        raise InvalidInput(
            N_(
                "More workspaces are in use or reserved than the %(limit)s your plan holds. "
                "Lower other quotas first."
            ),
            field="quota",
            limit=places.limit,
        )
    raise InvalidInput(
        N_(
            "At most %(largest)s fit: your plan holds %(limit)s workspaces, "
            "and the others are in use or reserved for somebody else."
        ),
        field="quota",
        largest=largest,
        limit=places.limit,
    )
