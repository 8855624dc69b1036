"""What the payment that verifies a card posts: money that is not ours, taken and given back."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import CardRegistration
from app.domain.ledger import entries as ledger
from app.domain.ledger.posting import post


async def post_taken(session: AsyncSession, registration: CardRegistration, *, at: datetime) -> None:
    """Post what PayTR took to verify a card; it is owed back from this moment."""
    taken = ledger.held_payment(registration.id, collected=registration.collected or 0)
    await post(session, [taken], company_id=registration.company_id, currency=registration.currency, at=at)


async def post_returned(session: AsyncSession, registration: CardRegistration, *, at: datetime) -> None:
    """Post that all of it went back; another amount has its case (`followup`)."""
    amount = registration.collected or 0
    returned = ledger.refund(registration.id, payable=amount, returned=amount)
    await post(session, [returned], company_id=registration.company_id, currency=registration.currency, at=at)
