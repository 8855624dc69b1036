"""Reading subscriptions."""

from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.db.models import Subscription, SubscriptionStatus

CLAIM = (
    select(Subscription)
    .join(Subscription.plan)
    .options(contains_eager(Subscription.plan))
    .where(Subscription.id == bindparam("subscription_id"))
    .with_for_update(of=Subscription, skip_locked=True)
    .execution_options(populate_existing=True)
)


async def newest_subscription(
    session: AsyncSession, company_id: UUID, *, lock: bool = False
) -> Subscription | None:
    """Return a company's live subscription with its plan, or the last canceled one; `lock` keeps the row."""
    newest_first = ((Subscription.status == SubscriptionStatus.CANCELED), Subscription.created_at.desc())
    if lock:
        # alone: joined with its plan, a row whose plan was changed while we waited would count as gone
        locking = select(Subscription.id).where(Subscription.company_id == company_id)
        await session.execute(locking.order_by(*newest_first).limit(1).with_for_update())
    statement = (
        select(Subscription)
        .join(Subscription.plan)
        .options(contains_eager(Subscription.plan))
        .where(Subscription.company_id == company_id)
        .order_by(*newest_first)
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return await session.scalar(statement)


async def claim_subscription(session: AsyncSession, subscription_id: UUID) -> Subscription | None:
    """Return one subscription with its plan, locked; nothing when another worker holds it at this moment."""
    return await session.scalar(CLAIM, {"subscription_id": subscription_id})
