"""Beginning a subscription."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Plan, Subscription, SubscriptionStatus
from app.db.models.subscription import TRIAL_LENGTH
from app.lib.errors import InvalidInput
from app.lib.i18n import N_


async def start_trial(
    session: AsyncSession, *, company_id: UUID, plan_code: str, at: datetime
) -> Subscription:
    """Give a new company its trial with the limits of the chosen plan (product §3)."""
    plan = await _plan(session, plan_code)
    subscription = Subscription(
        company_id=company_id,
        plan_code=plan.code,
        status=SubscriptionStatus.TRIALING,
        trial_ends_at=at + TRIAL_LENGTH,
        plan=plan,
    )
    return await _added(session, subscription)


async def start_without_trial(
    session: AsyncSession, *, company_id: UUID, plan_code: str, at: datetime
) -> Subscription:
    """Begin a subscription that waits for its first payment; nothing runs until then."""
    plan = await _plan(session, plan_code)
    subscription = Subscription(
        company_id=company_id,
        plan_code=plan.code,
        status=SubscriptionStatus.SUSPENDED,
        suspended_at=at,
        plan=plan,
    )
    return await _added(session, subscription)


async def _plan(session: AsyncSession, plan_code: str) -> Plan:
    plan = await session.get(Plan, plan_code)
    if plan is None:
        raise InvalidInput(N_("Choose one of the plans."), field="plan")
    return plan


async def _added(session: AsyncSession, subscription: Subscription) -> Subscription:
    session.add(subscription)
    await session.flush()
    return subscription
