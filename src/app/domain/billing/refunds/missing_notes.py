"""Credit notes that refunds from before the ledger (migration 0007) never got: found, and issued on demand.

A number belongs to the day it is drawn, so such a note bears today's date and says when the money went back.
Whether it is issued, a person decides: an accountant may have corrected the invoice by other means.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import aliased

from app.db.models import (
    Account,
    Invoice,
    InvoiceKind,
    Journal,
    JournalKind,
    Payment,
    Posting,
    Refund,
    RefundStatus,
)
from app.domain.invoices.credit_notes import issue_credit_note
from app.lib.i18n import N_, format_date, translate
from app.lib.settings import Settings
from app.lib.uow import unit_of_work

REASON = N_("The payment was given back on %(date)s")


@dataclass(frozen=True, slots=True)
class MissingNote:
    """A refund of a sale without its document; `amount` is what it owes of the invoice, in minor units."""

    refund_id: UUID
    reference: str
    order_id: UUID
    invoice_number: str
    language: str
    amount: int
    currency: str
    returned_at: datetime


async def missing_notes(session: AsyncSession) -> list[MissingNote]:
    """Return the refunds that have taken back a part of a sale and have no credit note, oldest first."""
    note = aliased(Invoice)
    statement = (
        select(
            Refund.id,
            Refund.reference,
            Payment.order_id,
            Invoice.number,
            Invoice.language,
            Posting.amount,
            Refund.currency,
            Journal.at,
        )
        .join(Payment, Payment.id == Refund.payment_id)
        .join(Invoice, Invoice.order_id == Payment.order_id)
        .join(Journal, Journal.subject == Refund.id)
        .join(Posting, Posting.journal_id == Journal.id)
        .outerjoin(note, note.refund_id == Refund.id)
        .where(
            Refund.status == RefundStatus.SUCCEEDED,
            Payment.is_surplus.is_(False),
            Invoice.kind == InvoiceKind.INVOICE,
            Invoice.credited < Invoice.total,
            Journal.kind == JournalKind.REFUND,
            Posting.account == Account.REFUNDS_PAYABLE,
            note.id.is_(None),
        )
        .order_by(Journal.at, Refund.id)
    )
    return [MissingNote(*row) for row in await session.execute(statement)]


async def issue_missing_notes(
    session_maker: async_sessionmaker[AsyncSession],
    settings: Settings,
    references: Collection[str],
    *,
    at: datetime,
) -> list[MissingNote]:
    """Issue the notes of these refunds, or of all, each in its own transaction; return what was missing.

    The refund's row of the note is unique, so a second run at the same moment issues nothing twice.
    """
    async with unit_of_work(session_maker) as session:
        missing = await missing_notes(session)
    chosen = [one for one in missing if not references or one.reference in references]
    for one in chosen:
        async with unit_of_work(session_maker) as session:
            await issue_credit_note(
                session,
                order_id=one.order_id,
                amount=one.amount,
                reason=translate(one.language, REASON, date=format_date(one.returned_at, one.language)),
                to=Account.REFUNDS_PAYABLE,
                refund_id=one.refund_id,
                series=settings.credit_note_series,
                at=at,
            )
    return chosen
