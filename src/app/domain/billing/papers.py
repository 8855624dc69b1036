"""What a company has paid and what it was given for it: payments, invoices and credit notes, newest first."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Subquery, func, join, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, contains_eager

from app.db.models import Invoice, Payment
from app.domain.billing.views import PaymentRow

PAGE = 50
"""Payments on a page at most, and as many documents."""


@dataclass(frozen=True, slots=True)
class Papers:
    """Each newest first; a credit note with the invoice it corrects loaded."""

    payments: list[PaymentRow]
    documents: list[Invoice]


async def papers_of(session: AsyncSession, company_id: UUID) -> Papers:
    """Return the newest payments and documents of a company. One query.

    A payment and its invoice are one row, whichever of the two is new enough to bring it in.
    """
    paid, issued, corrected = _newest_payments(company_id), _newest_documents(company_id), aliased(Invoice)
    statement = (
        select(Payment, Invoice, paid.c.place, issued.c.place)
        .select_from(join(paid, issued, paid.c.invoice_id == issued.c.id, full=True))
        .outerjoin(Payment, Payment.id == paid.c.id)
        .outerjoin(Payment.order)
        .outerjoin(Invoice, Invoice.id == func.coalesce(paid.c.invoice_id, issued.c.id))
        .outerjoin(Invoice.corrects.of_type(corrected))
        .options(contains_eager(Payment.order), contains_eager(Invoice.corrects.of_type(corrected)))
    )
    payments: dict[int, PaymentRow] = {}
    documents: dict[int, Invoice] = {}
    for payment, invoice, place_of_payment, place_of_document in await session.execute(statement):
        if place_of_payment is not None:
            payments[place_of_payment] = PaymentRow(payment, invoice)
        if place_of_document is not None:
            documents[place_of_document] = invoice
    return Papers(
        [payments[place] for place in sorted(payments)], [documents[place] for place in sorted(documents)]
    )


def _newest_payments(company_id: UUID) -> Subquery:
    newest = (Payment.created_at.desc(), Payment.id.desc())
    place = func.row_number().over(order_by=newest).label("place")
    return (
        select(Payment.id, Invoice.id.label("invoice_id"), place)
        .outerjoin(Invoice, Invoice.payment_id == Payment.id)
        .where(Payment.company_id == company_id)
        .order_by(*newest)
        .limit(PAGE)
        .subquery()
    )


def _newest_documents(company_id: UUID) -> Subquery:
    newest = (Invoice.issued_at.desc(), Invoice.id.desc())
    place = func.row_number().over(order_by=newest).label("place")
    return (
        select(Invoice.id, place)
        .where(Invoice.company_id == company_id)
        .order_by(*newest)
        .limit(PAGE)
        .subquery()
    )
