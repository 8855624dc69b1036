"""From an issued document to the customer's inbox: render, store, stamp, queue the mail.

Each step is safe to run twice: the same document gives the same bytes under the same key, the stamp is
set once under lock, and the mail is unique per document.
"""

import asyncio
import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import joinedload, selectinload

from app.db.models import Company, Invoice, InvoiceKind, Order, User
from app.domain.billing.agreements.reading import contract_of_order
from app.domain.billing.refunds.letters import queue_letter_with_note
from app.domain.companies.clocks import lives_here
from app.domain.companies.queries import billing_contact
from app.domain.invoices.document import InvoiceDocument, Line, Party
from app.domain.invoices.pdf import render
from app.domain.notifications.messages import CreditNoteIssued, PaymentReceipt
from app.domain.notifications.service import queue_email
from app.lib.settings import Settings
from app.lib.storage import Storage
from app.lib.uow import unit_of_work

FAST_PATH = timedelta(minutes=1)
"""How long the queue has before the sweeper renders."""


async def render_invoice(
    session_maker: async_sessionmaker[AsyncSession],
    storage: Storage,
    settings: Settings,
    invoice_id: UUID,
    *,
    at: datetime,
) -> UUID | None:
    """Render and store the PDF of an invoice or credit note, then stamp it and queue its mail, once.

    Returns the company whose pages have news to show, if any.
    """
    async with unit_of_work(session_maker) as session:
        invoice = await _invoice(session, invoice_id)
    if invoice is None or invoice.pdf_rendered_at is not None:
        return None
    data = await asyncio.to_thread(render, document_of(invoice))
    key = f"invoices/{invoice.year}/{invoice.number}.pdf"
    await storage.put(key, data, "application/pdf")
    async with unit_of_work(session_maker) as session:
        locked = await session.get_one(Invoice, invoice_id, with_for_update=True)
        if locked.pdf_rendered_at is None:
            locked.pdf_key, locked.pdf_sha256 = key, hashlib.sha256(data).hexdigest()
            locked.pdf_rendered_at = at
            if invoice.corrects is None:
                await _queue_receipt(session, locked, settings, at=at)
            elif invoice.refund_id is None or not await queue_letter_with_note(session, invoice, at=at):
                await _queue_credit_note(session, locked, invoice.corrects, settings, at=at)
    return invoice.company_id


async def due_invoices(session: AsyncSession, *, at: datetime, limit: int = 200) -> list[UUID]:
    """Return the invoices whose PDF the queue has not made in time, oldest first."""
    statement = (
        select(Invoice.id)
        .where(
            Invoice.pdf_rendered_at.is_(None),
            Invoice.issued_at <= at - FAST_PATH,
            lives_here(session, Invoice.company_id),
        )
        .order_by(Invoice.issued_at)
        .limit(limit)
    )
    return list(await session.scalars(statement))


def document_of(invoice: Invoice) -> InvoiceDocument:
    """Return a frozen document (with its lines, and the invoice it corrects, loaded) as what is drawn."""
    return InvoiceDocument(
        number=invoice.number,
        kind=invoice.kind.value,
        issued_at=invoice.issued_at,
        period_start=invoice.period_start,
        period_end=invoice.period_end,
        currency=invoice.currency,
        seller=Party.from_snapshot(invoice.seller),
        buyer=Party.from_snapshot(invoice.buyer),
        lines=tuple(
            Line(
                description=line.description,
                quantity=line.quantity,
                unit_price=line.unit_price,
                net=line.net,
                vat_basis_points=line.vat_basis_points,
                vat=line.vat,
                total=line.total,
            )
            for line in invoice.lines
        ),
        net=invoice.net,
        vat=invoice.vat,
        total=invoice.total,
        payment_reference=invoice.payment_reference or "",
        paid_at=invoice.issued_at,
        language=invoice.language,
        corrects_number=invoice.corrects.number if invoice.corrects else None,
        reason=invoice.reason or "",
        is_kept_as_credit=invoice.kind is InvoiceKind.CREDIT_NOTE and invoice.refund_id is None,
    )


async def _invoice(session: AsyncSession, invoice_id: UUID) -> Invoice | None:
    parts = (selectinload(Invoice.lines), joinedload(Invoice.corrects))
    return await session.scalar(select(Invoice).options(*parts).where(Invoice.id == invoice_id))


async def _queue_receipt(
    session: AsyncSession, invoice: Invoice, settings: Settings, *, at: datetime
) -> None:
    statement = (
        select(Order, User, Company)
        .join(User, User.id == Order.placed_by_id)
        .join(Company, Company.id == Order.company_id)
        .where(Order.id == invoice.order_id)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return
    order, user, company = row
    contract = await contract_of_order(session, order.id)
    await queue_email(
        session,
        occasion=f"invoice:{invoice.id}",
        message=PaymentReceipt(
            full_name=user.full_name,
            company_name=company.name,
            plan_name=order.plan_name,
            invoice_number=invoice.number,
            net=invoice.net,
            vat=invoice.vat,
            total=invoice.total,
            currency=invoice.currency,
            paid_at=order.paid_at or invoice.issued_at,
            period_start=invoice.period_start,
            period_end=invoice.period_end,
            payment_reference=invoice.payment_reference or "",
            billing_url=f"{settings.base_url}/billing",
            contract_url=f"{settings.base_url}{contract}" if contract else None,
        ),
        recipient=user.email,
        language=invoice.language,
        company_id=company.id,
        invoice_id=invoice.id,
        at=at,
    )


async def _queue_credit_note(
    session: AsyncSession, note: Invoice, corrected: Invoice, settings: Settings, *, at: datetime
) -> None:
    """Mail a credit note to whoever gets the company's mail about money: nobody has to have asked for it."""
    company = await session.get_one(Company, note.company_id)
    contact = await billing_contact(session, company.id)
    if contact is None:
        return
    await queue_email(
        session,
        occasion=f"invoice:{note.id}",
        message=CreditNoteIssued(
            full_name=contact.full_name,
            company_name=company.name,
            number=note.number,
            invoice_number=corrected.number,
            reason=note.reason or "",
            net=note.net,
            vat=note.vat,
            total=note.total,
            currency=note.currency,
            issued_at=note.issued_at,
            is_kept_as_credit=note.refund_id is None,
            billing_url=f"{settings.base_url}/billing",
        ),
        recipient=contact.email,
        language=note.language,
        company_id=company.id,
        invoice_id=note.id,
        at=at,
    )
