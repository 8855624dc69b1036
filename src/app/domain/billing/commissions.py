"""What PayTR keeps of each payment, posted when it first says so: by its status query or in its reports.

The verification of a card is left out: PayTR keeps kuruş of it and may give them back, and nothing in
our book would name the second.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Payment, Refund
from app.domain.billing.reconciliation.rules import Pair
from app.domain.ledger import entries as ledger
from app.domain.ledger.posting import post_once
from app.domain.payments.values import Inquiry


def commission_of(payment: Payment, answer: Inquiry) -> int | None:
    """Return the commission of a payment (minor units) if the answer's amounts add up, or nothing."""
    if answer.commission is None or answer.net is None or payment.collected is None:
        return None
    is_whole = answer.net + answer.commission == answer.total == payment.collected
    return answer.commission if is_whole else None


async def post_told(session: AsyncSession, payment: Payment, answer: Inquiry, *, at: datetime) -> None:
    """Post the commission that an answer tells, unless it was told before."""
    amount = commission_of(payment, answer)
    if amount is not None:
        entry = ledger.commission(payment.id, amount=amount)
        await post_once(session, entry, company_id=payment.company_id, currency=payment.currency, at=at)


async def post_reported(session: AsyncSession, pairs: Iterable[Pair], *, at: datetime) -> None:
    """Post the commissions in a day's report that agrees with our book, and what came back with refunds."""
    agreed = [(pair.entry, pair.row) for pair in pairs if pair.entry and pair.row and pair.cause is None]
    oids = [entry.merchant_oid for entry, _ in agreed if not entry.is_refund]
    references = [entry.reference for entry, _ in agreed if entry.is_refund]
    sales = {one.merchant_oid: one for one in await _payments(session, oids)}
    returns = {one.reference: one for one in await _refunds(session, references)}
    for entry, row in agreed:
        if entry.is_refund:
            subject: Payment | Refund | None = returns.get(entry.reference or "")
        else:
            subject = sales.get(entry.merchant_oid)
        if subject is not None:
            posted = ledger.commission(
                subject.id, amount=-row.commission if entry.is_refund else row.commission
            )
            await post_once(session, posted, company_id=subject.company_id, currency=subject.currency, at=at)


async def _payments(session: AsyncSession, oids: list[str]) -> list[Payment]:
    return list(await session.scalars(select(Payment).where(Payment.merchant_oid.in_(oids))))


async def _refunds(session: AsyncSession, references: list[str | None]) -> list[Refund]:
    return list(await session.scalars(select(Refund).where(Refund.reference.in_(references))))
