"""Held money: what a verified success bought nothing with, until an operator lets it pay its order."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import ORDER_TRANSITIONS, SUBSCRIPTION_TRANSITIONS, OrderStatus, Payment, Subscription
from app.db.models.subscription import SubscriptionStatus
from app.domain.billing.settlement import store
from app.domain.billing.settlement.rules import Applied, activation
from app.domain.billing.settlement.service import invoice_draft
from app.domain.invoices import service as invoices
from app.domain.jobs import Job
from app.lib.errors import NotFound
from app.lib.i18n import N_
from app.lib.settings import Settings
from app.lib.uow import defer


async def apply_held(session: AsyncSession, payment: Payment, *, settings: Settings, at: datetime) -> None:
    """Let held money pay its order: plan, period and invoice count from now, the payment's own day stays.

    The caller has locked the payment, has its order loaded, and has seen that the money equals the order.
    """
    locked = await store.lock(session, payment.merchant_oid)
    if locked is None:
        raise NotFound(N_("There is no such payment."))
    decision = activation(locked.facts, at)
    payment.is_surplus = False
    payment.order.status = ORDER_TRANSITIONS.move(locked.facts.order_status, OrderStatus.PAID)
    payment.order.paid_at = at
    await _activate(session, payment, decision, locked.row.subscription_id)
    draft = invoice_draft(locked.row, decision.bought, settings)
    invoice_id = await invoices.issue(session, draft, series=settings.invoice_series, at=at)
    defer(session, Job.RENDER_INVOICE, key=f"render:{invoice_id}", invoice_id=str(invoice_id))


async def _activate(
    session: AsyncSession, payment: Payment, decision: Applied, subscription_id: object
) -> None:
    subscription = await session.get_one(Subscription, subscription_id, populate_existing=True)
    subscription.status = SUBSCRIPTION_TRANSITIONS.move(subscription.status, SubscriptionStatus.ACTIVE)
    subscription.plan_code, subscription.price_id = payment.order.plan_code, payment.order.price_id
    subscription.interval, subscription.anchor_at = payment.order.interval, decision.anchor_at
    subscription.current_period_start = decision.covered.start
    subscription.current_period_end = decision.covered.end
    subscription.cancel_at_period_end = False
    subscription.canceled_at = subscription.suspended_at = subscription.next_attempt_at = None
    await session.flush()
