"""May an order be charged to a stored card now? Then the attempt is written down, one at a time."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import (
    UNDECIDED,
    Order,
    OrderStatus,
    Payment,
    PaymentChannel,
    PaymentStatus,
    StoredCard,
    Subscription,
)
from app.domain.audit.service import record
from app.domain.ledger.proof import refuse_parked
from app.lib.errors import DomainError
from app.lib.i18n import N_
from app.lib.ids import random_reference, uuid7

SEND_WITHIN = timedelta(minutes=30)
"""How long a charge that was written down may still leave; later its occasion has passed and it fails."""
QUEUE_TIME = timedelta(minutes=1)
"""How long the queue has before the sweep sends what was written down."""
SUBSCRIPTION = (
    select(Subscription.id)
    .join(Order, Order.subscription_id == Subscription.id)
    .where(Order.id == bindparam("order_id"))
    .with_for_update(of=Subscription)
)
ORDER_AND_CARD = (
    select(Order, StoredCard)
    .outerjoin(
        StoredCard,
        and_(StoredCard.id == bindparam("card_id"), StoredCard.company_id == Order.company_id),
    )
    .where(Order.id == bindparam("order_id"))
    .execution_options(populate_existing=True)
)
UNDECIDED_OF_ORDER = (
    select(Payment)
    .where(Payment.order_id == bindparam("order_id"), Payment.status.in_(UNDECIDED))
    .execution_options(populate_existing=True)
)
ONE_AT_A_TIME = "uq_payments_undecided_charge"
UNDER_WAY = N_("A payment for this order is under way. Please wait until it is decided.")


class AlreadyUnderWay(DomainError):
    """An attempt of this order may still take money."""


class CardUnfit(DomainError):
    """This card cannot be charged without the buyer."""


async def write_down(session: AsyncSession, order_id: UUID, card_id: UUID, *, at: datetime) -> Payment:
    """Return a charge of this order to this card that has not left: a new one, or the one that waits.

    Raises `AlreadyUnderWay` while any other attempt may take money, `CardUnfit`, `Parked` while the
    company's books do not agree, or `DomainError` when the order is not open any more.
    """
    # the subscription's lock lets one attempt begin at a time; what it may be is read once it is held
    await session.execute(SUBSCRIPTION, {"order_id": order_id})
    order, card = (await session.execute(ORDER_AND_CARD, {"order_id": order_id, "card_id": card_id})).one()
    if order.status is not OrderStatus.OPEN:
        raise DomainError(N_("This order is not open any more; there is nothing to pay."))
    await refuse_parked(session, order.company_id)
    if card is None:
        raise CardUnfit(N_("There is no such card."))
    if objection := objection_to_card(card):
        raise CardUnfit(objection)
    return await _waiting_to_leave(session, order_id, card_id) or await _add(session, order, card, at=at)


def objection_to_card(card: StoredCard) -> str | None:
    """Return why a card cannot be charged without the buyer, or nothing."""
    if card.removed_at is not None:
        return N_("This card was removed.")
    if card.refused_at is not None:
        return N_("The bank has refused this card for good. Please pay with another card.")
    if card.requires_cvv:
        return N_("The bank asks for this card's security code each time, so it cannot be charged by itself.")
    return None


async def refuse_while_charging(session: AsyncSession, order_id: UUID) -> None:
    """Raise `AlreadyUnderWay` while a charge of this order is undecided: no page may take money beside it.

    The caller holds the subscription, as `write_down` does, so neither overlooks the other.
    """
    statement = select(Payment.id).where(
        Payment.order_id == order_id,
        Payment.channel == PaymentChannel.STORED_CARD,
        Payment.status.in_(UNDECIDED),
    )
    if await session.scalar(statement) is not None:
        raise AlreadyUnderWay(UNDER_WAY)


async def _waiting_to_leave(session: AsyncSession, order_id: UUID, card_id: UUID) -> Payment | None:
    undecided = list(await session.scalars(UNDECIDED_OF_ORDER, {"order_id": order_id}))
    unsent = [
        payment
        for payment in undecided
        if payment.status is PaymentStatus.CREATED
        and payment.channel is PaymentChannel.STORED_CARD
        and payment.card_id == card_id
    ]
    if len(unsent) < len(undecided):
        raise AlreadyUnderWay(UNDER_WAY)
    return unsent[0] if unsent else None


async def _add(session: AsyncSession, order: Order, card: StoredCard, *, at: datetime) -> Payment:
    payment = Payment(
        id=uuid7(),
        company_id=order.company_id,
        order_id=order.id,
        merchant_oid=random_reference("TZG"),
        channel=PaymentChannel.STORED_CARD,
        card_id=card.id,
        amount=order.due,
        currency=order.currency,
        expires_at=at + SEND_WITHIN,
        next_inquiry_at=at + QUEUE_TIME,
    )
    session.add(payment)
    record_charge(session, payment, "payment.started", at=at, amount=payment.amount, card=card.last_four)
    try:
        await session.flush()
    except IntegrityError as error:
        if ONE_AT_A_TIME in str(error.orig):
            raise AlreadyUnderWay(UNDER_WAY) from error
        raise
    return payment


def record_charge(
    session: AsyncSession, payment: Payment, action: str, *, at: datetime, **facts: object
) -> None:
    """Add what the engine did about a charge to the audit trail."""
    record(
        session,
        at=at,
        action=action,
        subject=payment.id,
        company_id=payment.company_id,
        actor="system",
        facts={"merchant_oid": payment.merchant_oid, **facts},
    )
