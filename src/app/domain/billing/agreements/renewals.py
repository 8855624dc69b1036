"""The contract of a renewal that somebody pays for by hand, with the card that is kept."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.billing.agreements.service import Answer, conclude
from app.domain.billing.renewals.orders import open_renewals
from app.domain.subscriptions.queries import newest_subscription
from app.lib.settings import Settings


async def conclude_renewal(
    session: AsyncSession, company_id: UUID, answer: Answer, *, settings: Settings, at: datetime
) -> None:
    """Conclude the contract of the oldest renewal that is owed, the one the billing page shows.

    Later ones rest on the consent to the card. Raises `NotConcluded`.
    """
    subscription = await newest_subscription(session, company_id, lock=True)
    owed = await open_renewals(session, subscription.id) if subscription else []
    if subscription is not None and subscription.past_due_since is not None and owed:
        await conclude(session, owed[0], answer, settings=settings, at=at)
