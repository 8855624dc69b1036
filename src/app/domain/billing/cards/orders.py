"""A card that PayTR keeps together with the payment of an order: no money of its own, none to give back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import CardRegistration, Payment, RegistrationStatus
from app.domain.billing.cards.registrations import keep_consent
from app.domain.companies.viewer import Viewer


async def register_with_payment(
    session: AsyncSession, viewer: Viewer, payment: Payment, *, consents: bool, address: str, at: datetime
) -> CardRegistration:
    """Keep the consent to a card that an order's payment keeps. Raises as `keep_consent` does.

    Nothing is due: whatever is learnt about the payment reaches the registration with it.
    """
    registration = CardRegistration(
        payment_id=payment.id,
        merchant_oid=payment.merchant_oid,
        amount=payment.amount,
        currency=payment.currency,
        expires_at=payment.expires_at,
    )
    return await keep_consent(session, viewer, registration, consents=consents, address=address, at=at)


async def expire_with_payment(session: AsyncSession, payment_id: UUID) -> None:
    """End the waiting for a card whose payment was not made in time; late money still brings it."""
    statement = update(CardRegistration).where(
        CardRegistration.payment_id == payment_id, CardRegistration.status == RegistrationStatus.WAITING
    )
    await session.execute(statement.values(status=RegistrationStatus.EXPIRED))
