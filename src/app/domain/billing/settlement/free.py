"""Orders that no card has to pay: the company's credit covers them, or nothing is owed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import ORDER_TRANSITIONS, Order, OrderStatus
from app.domain.audit.service import record
from app.domain.billing.settlement import store
from app.domain.billing.settlement.paid import entries_of_sale, invoice_draft, use_credit
from app.domain.billing.settlement.rules import activation, has_lapsed
from app.domain.invoices import service as invoices
from app.domain.jobs import Job
from app.domain.ledger.posting import lists_of
from app.lib.errors import DomainError, NotFound
from app.lib.i18n import N_
from app.lib.settings import Settings
from app.lib.statements import fetch
from app.lib.uow import defer


async def settle_with_credit(
    session: AsyncSession, order_id: UUID, *, settings: Settings, at: datetime
) -> bool:
    """Pay an order whose credit covers all of it; say whether this call did, so that a repeat does nothing.

    A subscription that the session has loaded is to be read again afterwards.
    Raises `NotFound`, or `DomainError` when a card has to pay a part of it or it does not stand any more.
    """
    await session.flush()
    locked = await store.lock_order(session, order_id)
    if locked is None:
        raise NotFound(N_("There is no such order."))
    facts, row = locked.facts, locked.row
    if facts.order_status is OrderStatus.PAID:
        return False
    if facts.amount:
        raise DomainError(N_("Your credit does not cover this order. Pay the rest by card."))
    if has_lapsed(facts, at):
        raise DomainError(N_("This order does not stand any more. Choose again."))
    ORDER_TRANSITIONS.move(facts.order_status, OrderStatus.PAID)
    decision = activation(facts, at)
    entries = [entry for entry in entries_of_sale(row) if entry.postings]
    parameters = store.activation_parameters(row, decision, at) | lists_of(entries)
    await fetch(session, store.ACTIVATE_SPLIT if decision.splits else store.ACTIVATE, parameters)
    await use_credit(session, row, settings, at=at)
    _note(session, row, at=at)
    if row.gross:
        draft = invoice_draft(row, decision.bought, settings)
        invoice_id = await invoices.issue(session, draft, series=settings.invoice_series, at=at)
        defer(session, Job.RENDER_INVOICE, key=f"render:{invoice_id}", invoice_id=str(invoice_id))
    else:
        defer(session, Job.ANNOUNCE, company_id=str(row.company_id))
    await session.refresh(await session.get_one(Order, order_id))
    return True


def _note(session: AsyncSession, row: Any, *, at: datetime) -> None:
    record(
        session,
        at=at,
        action="subscription.activated",
        subject=row.order_id,
        company_id=row.company_id,
        actor="system",
        facts={"plan": row.plan_code, "gross": row.gross, "credit": row.credit, "currency": row.currency},
    )
