"""An operator in a company's place: who that is on each request, and how it ends."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.db.models import (
    Company,
    Plan,
    Role,
    SecondFactor,
    Subscription,
    SubscriptionStatus,
    SupportAccess,
    TestClock,
    User,
)
from app.domain.accounts.operators import Operator
from app.domain.audit.service import record
from app.domain.companies.viewer import Viewer
from app.domain.jobs import Job
from app.lib.events import COME_ANEW
from app.lib.uow import defer

IN_SESSION = "support"
"""Where an operator's session says under which access they look at which company."""


def in_session(access: SupportAccess) -> dict[str, str]:
    """Return what the operator's session keeps of an access; it opens nothing by itself."""
    return {"access_id": str(access.id), "company_id": str(access.company_id)}


async def operator_in(
    session: AsyncSession,
    *,
    user_id: UUID,
    session_epoch: int,
    access_id: UUID,
    in_console: bool,
    at: datetime,
) -> Viewer | Operator | None:
    """Return an operator who began an access: in the company's place while it runs, and outside the console.

    Asked anew on every request, in one query: whoever ends the access, or the time, ends it here.
    """
    row = (await session.execute(_seat(user_id, session_epoch, access_id))).one_or_none()
    if row is None:
        return None
    user, access, subscription, clock, has_two_factor = row
    if access is None or not access.runs(at) or not access.company.support_access_allowed:
        return Operator(user, support_is_over=True, has_two_factor=has_two_factor)
    if in_console:
        return Operator(user, support=access, has_two_factor=has_two_factor)
    return Viewer(user, access.company, Role.OWNER, subscription, clock, support=access)


async def leave(session: AsyncSession, viewer: object, *, at: datetime) -> None:
    """End the access under which somebody looks, if they do: whoever logs out has seen enough."""
    if isinstance(viewer, Viewer) and viewer.support is not None:
        access = await session.get_one(
            SupportAccess, viewer.support.id, with_for_update=True, populate_existing=True
        )
        if access.runs(at):
            end_access(session, access, actor="operator", actor_id=access.operator_id, at=at)


def end_access(
    session: AsyncSession, access: SupportAccess, *, actor: str, actor_id: UUID | None, at: datetime
) -> None:
    """Write down that a locked access has ended, and by whom; open streams hear of it."""
    access.ended_at = at
    tell(session, access, "support.ended", at=at, actor=actor, actor_id=actor_id)
    defer(session, Job.ANNOUNCE, company_id=str(access.company_id), event=COME_ANEW)


def tell(
    session: AsyncSession,
    access: SupportAccess,
    action: str,
    *,
    at: datetime,
    actor: str = "operator",
    actor_id: UUID | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """Write about an access in the company's trail; what the operator did stands under the access."""
    is_operators = actor == "operator"
    record(
        session,
        at=at,
        action=action,
        subject=access.id,
        company_id=access.company_id,
        actor=actor,
        actor_id=access.operator_id if is_operators else actor_id,
        facts=facts,
        support_access_id=access.id if is_operators else None,
    )


def _seat(user_id: UUID, session_epoch: int, access_id: UUID) -> Any:
    access = and_(SupportAccess.operator_id == User.id, SupportAccess.id == access_id)
    current = and_(Subscription.company_id == Company.id, Subscription.status != SubscriptionStatus.CANCELED)
    return (
        select(User, SupportAccess, Subscription, TestClock, exists().where(SecondFactor.user_id == User.id))
        .outerjoin(SupportAccess, access)
        .outerjoin(SupportAccess.company)
        .outerjoin(Subscription, current)
        .outerjoin(Plan, Plan.code == Subscription.plan_code)
        .outerjoin(TestClock, TestClock.company_id == Company.id)
        .options(contains_eager(SupportAccess.company), contains_eager(Subscription.plan))
        .where(User.id == user_id, User.session_epoch == session_epoch, User.is_operator)
    )
