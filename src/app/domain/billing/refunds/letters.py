"""The letter about money given back: one for each refund, with its credit note attached if it has one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Company, EmailMessage, Invoice, Payment, Refund
from app.domain.companies.queries import billing_contact
from app.domain.notifications.messages import RefundSent
from app.domain.notifications.service import queue_email


async def queue_refund_letter(
    session: AsyncSession,
    payment: Payment,
    refund: Refund,
    *,
    at: datetime,
    note: Invoice | None = None,
) -> None:
    """Tell who gets the company's mail about money; `note` is the refund's, with its invoice loaded."""
    company = await session.get_one(Company, refund.company_id)
    contact = await billing_contact(session, company.id)
    if contact is None or refund.returned is None:
        return
    await queue_email(
        session,
        occasion=_occasion(refund.id),
        message=RefundSent(
            full_name=contact.full_name,
            company_name=company.name,
            amount=refund.returned,
            currency=refund.currency,
            paid_at=payment.succeeded_at or at,
            payment_reference=payment.merchant_oid,
            refund_reference=refund.reference,
            credit_note_number=note.number if note else None,
            invoice_number=note.corrects.number if note and note.corrects else None,
        ),
        recipient=contact.email,
        language=company.language,
        company_id=company.id,
        invoice_id=note.id if note else None,
        at=at,
    )


async def queue_letter_with_note(session: AsyncSession, note: Invoice, *, at: datetime) -> bool:
    """Queue the letter about the refund that a credit note belongs to.

    Says no where the company was told of that refund before: a note of a refund from before the ledger.
    """
    told = exists().where(
        EmailMessage.dedupe_key == _occasion(note.refund_id),
        EmailMessage.invoice_id.is_distinct_from(note.id),
    )
    statement = (
        select(Refund, Payment)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Refund.id == note.refund_id, ~told)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return False
    refund, payment = row
    await queue_refund_letter(session, payment, refund, at=at, note=note)
    return True


def _occasion(refund_id: UUID | None) -> str:
    return f"refund:{refund_id}"
