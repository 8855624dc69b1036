"""Held money: what a verified success bought nothing with, until an operator lets it pay its order."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import ORDER_TRANSITIONS, OrderStatus, Payment
from app.domain.billing.settlement import store
from app.domain.billing.settlement.paid import entries_of_sale, invoice_draft, use_credit
from app.domain.billing.settlement.rules import activation, has_lapsed
from app.domain.invoices import service as invoices
from app.domain.jobs import Job
from app.domain.ledger import entries as ledger
from app.domain.ledger.posting import lists_of
from app.lib.errors import DomainError, NotFound
from app.lib.i18n import N_
from app.lib.settings import Settings
from app.lib.statements import fetch
from app.lib.uow import defer


async def apply_held(session: AsyncSession, payment: Payment, *, settings: Settings, at: datetime) -> None:
    """Let held money pay its order: plan, period and invoice count from now, the payment's own day stays.

    The caller has locked the payment, has its order loaded, and has seen that the money equals the order.
    """
    locked = await store.lock(session, payment.merchant_oid)
    if locked is None:
        raise NotFound(N_("There is no such payment."))
    if has_lapsed(locked.facts, at):
        raise DomainError(N_("This order does not stand any more. Give the money back."))
    ORDER_TRANSITIONS.move(locked.facts.order_status, OrderStatus.PAID)
    decision, row = activation(locked.facts, at), locked.row
    payment.is_surplus = False
    await session.flush()
    owed, collected = row.gross - row.credit, payment.collected or 0
    freed = ledger.held_applied(payment.id, owed=owed, collected=collected)
    parameters = store.activation_parameters(row, decision, at) | lists_of([*entries_of_sale(row), freed])
    await fetch(session, store.ACTIVATE_SPLIT if decision.splits else store.ACTIVATE, parameters)
    await use_credit(session, row, settings, at=at)
    await session.refresh(payment.order)
    draft = invoice_draft(row, decision.bought, settings)
    invoice_id = await invoices.issue(session, draft, series=settings.invoice_series, at=at)
    defer(session, Job.RENDER_INVOICE, key=f"render:{invoice_id}", invoice_id=str(invoice_id))
