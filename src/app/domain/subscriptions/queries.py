"""Reading subscriptions."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.db.models import Subscription, SubscriptionStatus


async def newest_subscription(
    session: AsyncSession, company_id: UUID, *, lock: bool = False
) -> Subscription | None:
    """Return a company's live subscription with its plan, or the last canceled one; `lock` keeps the row."""
    statement = (
        select(Subscription)
        .join(Subscription.plan)
        .options(contains_eager(Subscription.plan))
        .where(Subscription.company_id == company_id)
        .order_by((Subscription.status == SubscriptionStatus.CANCELED), Subscription.created_at.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    if lock:
        statement = statement.with_for_update(of=Subscription)
    return await session.scalar(statement)
