"""Who is looking: a person in one company, with what the company may do. One query per request."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Select, and_, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, contains_eager

from app.db.models import (
    Company,
    Membership,
    Plan,
    Role,
    SecondFactor,
    Subscription,
    SubscriptionStatus,
    SupportAccess,
    TestClock,
    User,
)
from app.domain.companies.permissions import WORDS, Permission, allows
from app.domain.companies.person import OTHERS, OtherCompany, others_from
from app.lib.errors import NotAllowed

Running = aliased(SupportAccess)
WATCHED = (
    select(Running.id)
    .where(
        Running.company_id == Membership.company_id,
        Running.ended_at.is_(None),
        Running.ends_at > func.now(),
    )
    .order_by(Running.began_at)
    .limit(1)
    .correlate(Membership)
    .scalar_subquery()
)
"""The access of support to a member's company that began first of those that run."""

LACKS_TWO_FACTOR = and_(Company.requires_two_factor, ~exists().where(SecondFactor.user_id == User.id))
"""Whether a person has no second factor although the company requires one; for statements that have both."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """A logged-in person and the company they look at."""

    home: ClassVar[str] = "/dashboard"

    user: User
    company: Company
    role: Role
    subscription: Subscription | None
    clock: TestClock | None = None
    """The company's own time, where it is not the real one."""
    support: SupportAccess | None = None
    """Under which an operator looks in the company's place; `user` is the operator."""
    watched: SupportAccess | None = None
    """Under which an operator looks at the company of this member just now."""
    lacks_two_factor: bool = False
    """The company requires a second factor, and this member has none."""
    others: tuple[OtherCompany, ...] = ()
    """The person's other companies, by name."""

    @property
    def looks_until(self) -> datetime | None:
        """When an operator has to be gone, also from a page that stays open; nothing for members."""
        return self.support.ends_at if self.support else None

    def can(self, permission: Permission) -> bool:
        """Say whether the person's role has a permission; templates name it by its value."""
        return allows(self.role, permission)

    def require(self, permission: Permission) -> None:
        """Raise `NotAllowed` with the permission's own sentence unless the role has it."""
        if not self.can(permission):
            raise NotAllowed(WORDS[permission].refusal)


async def viewer_of(
    session: AsyncSession, *, user_id: UUID, company_id: UUID, session_epoch: int
) -> Viewer | None:
    """Return the viewer of a session, or nothing when the person, the membership or the epoch is gone."""
    row = (await session.execute(_viewer(user_id, company_id, session_epoch))).one_or_none()
    if row is None:
        return None
    membership, subscription, clock, watched, lacks_two_factor, others = row
    return Viewer(
        membership.user,
        membership.company,
        membership.role,
        subscription,
        clock,
        watched=watched,
        lacks_two_factor=lacks_two_factor,
        others=others_from(others),
    )


def _viewer(user_id: UUID, company_id: UUID, session_epoch: int) -> Select[*tuple[Any, ...]]:
    return (
        select(Membership, Subscription, TestClock, SupportAccess, LACKS_TWO_FACTOR, OTHERS)
        .join(Membership.user)
        .join(Membership.company)
        .outerjoin(
            Subscription,
            and_(
                Subscription.company_id == Membership.company_id,
                Subscription.status != SubscriptionStatus.CANCELED,
            ),
        )
        .outerjoin(Plan, Plan.code == Subscription.plan_code)
        .outerjoin(TestClock, TestClock.company_id == Membership.company_id)
        .outerjoin(SupportAccess, SupportAccess.id == WATCHED)
        .options(
            contains_eager(Membership.user),
            contains_eager(Membership.company),
            contains_eager(Subscription.plan),
        )
        .where(
            Membership.user_id == user_id,
            Membership.company_id == company_id,
            User.session_epoch == session_epoch,
        )
    )
