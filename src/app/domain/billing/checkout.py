"""Checkout: the order and its payment are committed before PayTR hears of them, so that no callback is
ever for an unknown order; prices are frozen on the order."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast
from uuid import UUID

import structlog
from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import (
    PAYMENT_TRANSITIONS,
    Interval,
    Order,
    OrderKind,
    OrderStatus,
    Payment,
    PaymentStatus,
    PlanPrice,
    Subscription,
    SubscriptionStatus,
)
from app.db.scoped import owned
from app.domain.audit.service import record
from app.domain.billing.charging.attempts import refuse_while_charging
from app.domain.billing.ordering import order_at_price
from app.domain.billing.verification.rules import LADDER
from app.domain.companies.permissions import Permission
from app.domain.companies.viewer import Viewer
from app.domain.ledger.credits import credit_of
from app.domain.payments.declines import REQUEST_REFUSED
from app.domain.payments.gateway import GatewayError, GatewayRefused, PaymentGateway
from app.domain.payments.values import BasketLine, FrameRequest, FrameToken
from app.domain.plans.queries import current_price
from app.domain.subscriptions.queries import newest_subscription
from app.lib.errors import DomainError, InvalidInput
from app.lib.i18n import N_
from app.lib.ids import random_reference, uuid7
from app.lib.settings import Settings

FRAME_LIMIT = timedelta(minutes=30)
"""How long PayTR's page takes a card (get-token, field timeout_limit)."""

log = structlog.stdlib.get_logger("checkout")


class ChangesPlan(DomainError):
    """A paid period of another plan or interval runs: it is changed, not bought."""


class CreditCovers(DomainError):
    """The company's credit pays the whole order, so there is nothing that a card could pay."""

    def __init__(self, order_id: UUID) -> None:
        super().__init__(N_("Your credit pays for all of this, so no card is needed."))
        self.order_id = order_id


@dataclass(frozen=True, slots=True)
class Checkout:
    """An order with its new attempt."""

    order: Order
    payment: Payment


@dataclass(frozen=True, slots=True)
class FrameAnswer:
    """PayTR's page, or none and PayTR's own text why; and what the attempt is then."""

    frame: FrameToken | None
    status: PaymentStatus
    reason: str | None
    objection: InvalidInput | None = None
    """What the buyer has to change, since trying again leads nowhere."""


async def place_order(
    session: AsyncSession,
    viewer: Viewer,
    *,
    plan_code: str,
    interval: str,
    at: datetime,
    merchant_oid: str | None = None,
) -> Checkout:
    """Freeze the current price on an order and add an attempt; an open order of the same price is reused.

    `merchant_oid` names the attempt where that has to be known before; a new random one by default.
    Raises `ChangesPlan` while a paid period of another plan or interval runs, and `CreditCovers` with the
    order when no card has to pay.
    """
    viewer.require(Permission.PAY)
    if interval not in set(Interval):
        raise InvalidInput(N_("Choose monthly or yearly."), field="interval")
    price = await current_price(session, plan_code, Interval(interval))
    subscription = await newest_subscription(session, viewer.company.id, lock=True)
    if subscription is None:
        raise DomainError(N_("This company has no subscription to pay for."))
    refuse_change(subscription, price, at=at)
    credit = min(await credit_of(session, viewer.company.id, price.currency), price.gross)
    order = await _open_order(session, subscription, price, credit)
    if order is None:
        order = order_at_price(subscription, price, placed_by_id=viewer.user.id, credit=credit)
    else:
        await refuse_while_charging(session, order.id)
    session.add(order)
    await session.flush()
    if not order.due:
        raise CreditCovers(order.id)
    return await add_attempt(session, viewer, order, at=at, merchant_oid=merchant_oid)


async def pay_change(session: AsyncSession, viewer: Viewer, order_id: UUID, *, at: datetime) -> Checkout:
    """Add an attempt to an open change of plan, while its amount is fresh.

    Raises `NotFound`, `AlreadyUnderWay`, or `DomainError` when it was paid, canceled or asked for long ago.
    """
    viewer.require(Permission.PAY)
    await newest_subscription(session, viewer.company.id, lock=True)
    change = (Order.id == order_id, Order.kind == OrderKind.CHANGE)
    missing = N_("There is no such order.")
    order = await owned(session, Order, viewer.company.id, *change, missing=missing)
    is_fresh = order.period_start is not None and at < order.period_start + FRAME_LIMIT
    if order.status is not OrderStatus.OPEN or not is_fresh:
        raise DomainError(N_("This order does not stand any more. Choose again."))
    await refuse_while_charging(session, order.id)
    return await add_attempt(session, viewer, order, at=at)


async def add_attempt(
    session: AsyncSession, viewer: Viewer, order: Order, *, at: datetime, merchant_oid: str | None = None
) -> Checkout:
    """Add an attempt, which PayTR's page or card form makes, to an order that the caller has looked at."""
    payment = new_attempt(order, merchant_oid or random_reference("TZG"), at)
    session.add(payment)
    _note_start(session, viewer, payment, order.plan_code, at)
    await session.flush()
    return Checkout(order, payment)


def refuse_change(subscription: Subscription, price: PlanPrice, *, at: datetime) -> None:
    """Refuse to sell something else on top of a running paid period; nothing that was paid may be lost."""
    end = subscription.current_period_end
    running = subscription.status is SubscriptionStatus.ACTIVE and end is not None and end > at
    held = (subscription.plan_code, subscription.interval)
    if running and held != (price.plan_code, price.interval):
        raise ChangesPlan(N_("This changes your plan. See what it costs before you decide."))


async def ask_for_frame(gateway: PaymentGateway, request: FrameRequest) -> FrameAnswer:
    """Ask PayTR for its page, once; an e-mail address that it cannot take is not even sent."""
    try:
        frame = await gateway.request_frame(request)
    except InvalidInput as objection:
        return FrameAnswer(None, PaymentStatus.FAILED, str(objection), objection)
    except GatewayError as error:
        log.warning("checkout.no_frame", merchant_oid=request.merchant_oid, reason=str(error))
        refused = isinstance(error, GatewayRefused)
        status = PaymentStatus.FAILED if refused else PaymentStatus.UNKNOWN
        return FrameAnswer(None, status, str(error))
    return FrameAnswer(frame, PaymentStatus.WAITING, None)


async def note_frame(session: AsyncSession, payment: Payment, answer: FrameAnswer, *, at: datetime) -> None:
    """Note what became of the request for a page, unless PayTR's callback was faster.

    Without a page nobody can pay: a refusal is a failure. An answer that was lost may have made one, which
    nobody was shown; such an attempt expires as every other, once PayTR has been asked.
    """
    await session.refresh(payment, with_for_update=True)
    if payment.status is not PaymentStatus.CREATED:
        return
    payment.status = PAYMENT_TRANSITIONS.move(payment.status, answer.status)
    if answer.status is PaymentStatus.FAILED:
        payment.failed_at, payment.next_inquiry_at = at, None
        payment.failure_code, payment.failure_message = REQUEST_REFUSED.code, answer.reason


def frame_request(checkout: Checkout, viewer: Viewer, settings: Settings, *, address: str) -> FrameRequest:
    """Return what PayTR is asked: one line, one amount, no instalments."""
    order, payment = checkout.order, checkout.payment
    language = cast("Literal['tr', 'en']", viewer.user.language)
    return FrameRequest(
        merchant_oid=payment.merchant_oid,
        email=viewer.user.email,
        amount=payment.amount,
        currency=payment.currency,
        basket=(BasketLine(f"Tezgâh {order.plan_name}", payment.amount, 1),),
        user_ip=address,
        user_name=viewer.user.full_name,
        user_address=viewer.company.address or viewer.company.name,
        user_phone=viewer.company.phone or "",
        ok_url=f"{settings.base_url}/billing/return/ok?oid={payment.merchant_oid}",
        fail_url=f"{settings.base_url}/billing/return/fail?oid={payment.merchant_oid}",
        language=language,
        test_mode=settings.paytr_test_mode,
        timeout_minutes=int(FRAME_LIMIT.total_seconds() // 60),
    )


async def _open_order(
    session: AsyncSession, subscription: Subscription, price: PlanPrice, credit: int
) -> Order | None:
    """Return what is owed for this price already; a purchase that counts on other credit is not the same."""
    return await session.scalar(
        select(Order)
        .where(
            Order.subscription_id == subscription.id,
            Order.price_id == price.id,
            Order.status == OrderStatus.OPEN,
            or_(
                Order.kind == OrderKind.RENEWAL,
                and_(Order.kind == OrderKind.PURCHASE, Order.credit == credit),
            ),
        )
        .order_by(Order.created_at.desc())
        .limit(1)
    )


def _note_start(
    session: AsyncSession, viewer: Viewer, payment: Payment, plan_code: str, at: datetime
) -> None:
    record(
        session,
        at=at,
        action="payment.started",
        subject=payment.id,
        company_id=viewer.company.id,
        actor_id=viewer.user.id,
        facts={"merchant_oid": payment.merchant_oid, "amount": payment.amount, "plan": plan_code},
    )


def new_attempt(order: Order, merchant_oid: str, at: datetime) -> Payment:
    """Return an attempt of PayTR's page at what an order owes."""
    return Payment(
        id=uuid7(),
        company_id=order.company_id,
        order_id=order.id,
        merchant_oid=merchant_oid,
        amount=order.due,
        currency=order.currency,
        expires_at=at + FRAME_LIMIT,
        next_inquiry_at=at + FRAME_LIMIT + LADDER[0],
    )
