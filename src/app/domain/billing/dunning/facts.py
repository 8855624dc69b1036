"""What the rules of dunning have to know, read from the rows: the order that is owed, attempts and cards."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import UNDECIDED, Order, Payment, PaymentChannel, PaymentStatus, StoredCard, Subscription
from app.domain.billing.cards.store import cards_of
from app.domain.billing.dunning.rules import Debt
from app.domain.billing.renewals.orders import open_renewals
from app.lib.clock import ISTANBUL


@dataclass(frozen=True, slots=True)
class Owed:
    """An unpaid renewal with the card that would be charged for it."""

    order: Order
    card: StoredCard | None
    debt: Debt
    was_asked: bool
    """A stored card was asked for this order at least once."""


@dataclass(frozen=True, slots=True)
class Tries:
    """What has been tried to pay an order."""

    undecided: bool
    """A payment of the subscription, of this order or another, may still take money."""
    cards: frozenset[UUID]
    """Stored cards that were asked for this order."""


async def owed_by(session: AsyncSession, subscription: Subscription, *, at: datetime) -> Owed | None:
    """Return the oldest unpaid renewal of a subscription in dunning, or nothing."""
    orders = await open_renewals(session, subscription.id)
    if not orders or subscription.past_due_since is None:
        return None
    return await owed_with(session, subscription, orders[0], None, at=at)


async def owed_with(
    session: AsyncSession, subscription: Subscription, order: Order, card: StoredCard | None, *, at: datetime
) -> Owed:
    """Return what one order owes if it were charged to this card, or to the company's own choice."""
    if card is None:
        card = await card_to_charge(session, subscription.company_id, at=at)
    elif not card.is_fit(at.astimezone(ISTANBUL).date()):
        card = None
    tries = await tries_of(session, order)
    return Owed(order, card, debt_of(subscription, card, tries), was_asked=bool(tries.cards))


def debt_of(subscription: Subscription, card: StoredCard | None, tries: Tries) -> Debt:
    """Return the rows as the rules read them."""
    if subscription.past_due_since is None:
        raise LookupError(f"subscription {subscription.id} owes nothing")
    return Debt(
        since=subscription.past_due_since,
        attempts=subscription.charge_attempts,
        suspended_at=subscription.suspended_at,
        undecided=tries.undecided,
        can_charge=card is not None,
        is_untried=card is not None and card.id not in tries.cards,
    )


async def card_to_charge(session: AsyncSession, company_id: UUID, *, at: datetime) -> StoredCard | None:
    """Return the card a renewal is charged to: the default one, or the newest fit one in its place."""
    today = at.astimezone(ISTANBUL).date()
    return next((card for card in await cards_of(session, company_id) if card.is_fit(today)), None)


async def tries_of(session: AsyncSession, order: Order) -> Tries:
    """Return what has been tried for an order; the caller holds the subscription, so nothing begins now."""
    statement = (
        select(Payment.order_id, Payment.status, Payment.channel, Payment.card_id)
        .join(Order, Order.id == Payment.order_id)
        .where(
            Order.subscription_id == order.subscription_id,
            or_(Payment.order_id == order.id, Payment.status.in_(UNDECIDED)),
        )
    )
    rows = (await session.execute(statement)).all()
    return Tries(
        undecided=any(PaymentStatus(row.status) in UNDECIDED for row in rows),
        cards=frozenset(
            row.card_id
            for row in rows
            if row.order_id == order.id and row.channel is PaymentChannel.STORED_CARD and row.card_id
        ),
    )
