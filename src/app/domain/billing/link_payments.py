"""Paying one order through its link: what its page shows, and the attempt, without anybody logged in."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import (
    UNDECIDED,
    Company,
    Order,
    OrderStatus,
    Payment,
    PaymentChannel,
    Subscription,
    SubscriptionStatus,
    User,
)
from app.domain.audit.service import record
from app.domain.billing.agreements.papers import Papers
from app.domain.billing.agreements.service import Answer, conclude, papers_to_show
from app.domain.billing.charging.attempts import refuse_while_charging
from app.domain.billing.checkout import FRAME_LIMIT, new_attempt
from app.domain.billing.dunning.outlook import Outlook, outlook_of
from app.domain.companies.queries import billing_contact
from app.domain.payments.values import BasketLine, FrameRequest
from app.lib.errors import DomainError, NotFound
from app.lib.i18n import N_
from app.lib.ids import random_reference
from app.lib.settings import Settings

S = SubscriptionStatus


class LinkState(StrEnum):
    """What can be done about the order."""

    OPEN = "open"
    CHECKING = "checking"
    """A charge of a stored card is under way; nothing may be paid beside it."""
    PAID = "paid"
    OVER = "over"
    """Nobody owes it any more."""


@dataclass(frozen=True, slots=True)
class LinkView:
    """All that whoever holds the link sees."""

    order: Order
    company_name: str
    state: LinkState
    covers_period: bool
    """Paid now it buys the period it names; otherwise one from the payment on."""
    outlook: Outlook | None = None
    """What comes unless it is paid."""
    papers: Papers | None = None
    """What has to be accepted before it can be paid."""


@dataclass(frozen=True, slots=True)
class LinkAttempt:
    """An order with its new attempt, and who gets PayTR's letters about it."""

    order: Order
    payment: Payment
    company: Company
    payer: User


async def view_of_link(
    session: AsyncSession, order_id: UUID, settings: Settings, *, language: str, at: datetime
) -> LinkView:
    """Return what the page shows of an order. Raises `NotFound`."""
    statement = (
        select(Order, Subscription, Company.name)
        .join(Subscription, Subscription.id == Order.subscription_id)
        .join(Company, Company.id == Order.company_id)
        .where(Order.id == order_id)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound(N_("There is no such order."))
    order, subscription, name = row
    state = await _state_of(session, order)
    covers = (
        subscription.status is S.PAST_DUE
        and subscription.current_period_end == order.period_start
        and order.period_end is not None
        and order.period_end > at
    )
    papers = None
    if state is LinkState.OPEN:
        papers = await papers_to_show(session, order, settings, language=language, email="")
    return LinkView(order, name, state, covers, outlook_of(subscription, settings), papers)


async def begin_link_payment(
    session: AsyncSession, order_id: UUID, answer: Answer, *, settings: Settings, at: datetime
) -> LinkAttempt:
    """Add an attempt that PayTR's page makes, once the contract of the order is accepted.

    Raises `NotConcluded` until it is, `AlreadyUnderWay` while a charge may take money, or `DomainError` when
    nothing is owed any more.
    """
    order = await session.get(Order, order_id)
    if order is None:
        raise NotFound(N_("There is no such order."))
    await session.execute(
        select(Subscription.id).where(Subscription.id == order.subscription_id).with_for_update()
    )
    await session.refresh(order)
    if order.status is not OrderStatus.OPEN:
        raise DomainError(N_("This order is not open any more; there is nothing to pay."))
    await refuse_while_charging(session, order.id)
    await conclude(session, order, answer, settings=settings, at=at)
    company, payer = await session.get_one(Company, order.company_id), await _payer(session, order)
    payment = new_attempt(order, random_reference("TZG"), at)
    session.add(payment)
    record(
        session,
        at=at,
        action="payment.started",
        subject=payment.id,
        company_id=order.company_id,
        actor="payment link",
        facts={"merchant_oid": payment.merchant_oid, "amount": payment.amount, "plan": order.plan_code},
    )
    await session.flush()
    return LinkAttempt(order, payment, company, payer)


def link_frame_request(attempt: LinkAttempt, settings: Settings, token: str, *, address: str) -> FrameRequest:
    """Return what PayTR is asked: as in the checkout, with ways back to the link's page."""
    order, payment, company = attempt.order, attempt.payment, attempt.company
    way_back = f"{settings.base_url}/pay/return/{token}"
    return FrameRequest(
        merchant_oid=payment.merchant_oid,
        email=attempt.payer.email,
        amount=payment.amount,
        currency=payment.currency,
        basket=(BasketLine(f"Tezgâh {order.plan_name}", payment.amount, 1),),
        user_ip=address,
        user_name=attempt.payer.full_name,
        user_address=company.address or company.name,
        user_phone=company.phone or "",
        ok_url=way_back,
        fail_url=way_back,
        language=cast("Literal['tr', 'en']", company.language),
        test_mode=settings.paytr_test_mode,
        timeout_minutes=int(FRAME_LIMIT.total_seconds() // 60),
    )


async def _state_of(session: AsyncSession, order: Order) -> LinkState:
    if order.status is OrderStatus.PAID:
        return LinkState.PAID
    if order.status is not OrderStatus.OPEN:
        return LinkState.OVER
    charging = select(Payment.id).where(
        Payment.order_id == order.id,
        Payment.channel == PaymentChannel.STORED_CARD,
        Payment.status.in_(UNDECIDED),
    )
    return LinkState.OPEN if await session.scalar(charging) is None else LinkState.CHECKING


async def _payer(session: AsyncSession, order: Order) -> User:
    """Return who placed the order, else who gets the company's mail about money; PayTR wants a name."""
    payer = await session.get(User, order.placed_by_id) if order.placed_by_id else None
    payer = payer or await billing_contact(session, order.company_id)
    if payer is None:
        raise DomainError(N_("This company has nobody who could be written about the payment."))
    return payer
