"""What the rules of dunning have to know, read from the rows: the order that is owed, attempts and cards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.db.models import UNDECIDED, Order, Payment, PaymentChannel, PaymentStatus, StoredCard, Subscription
from app.domain.billing.cards.choice import first_fit_card
from app.domain.billing.cards.store import cards_of
from app.domain.billing.dunning.rules import Debt
from app.domain.billing.renewals.orders import open_renewals


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
    """Money may be on its way for the subscription, be it for this order or another."""
    page_is_open: bool
    """PayTR's page was opened for it, and may be paid."""
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
    cards = [card] if card else await cards_of(session, subscription.company_id)
    return owed_from(subscription, order, cards, await tries_of(session, order), at=at)


def owed_from(
    subscription: Subscription, order: Order, cards: Sequence[StoredCard], tries: Tries, *, at: datetime
) -> Owed:
    """Return what an order owes, by rows that were read; `cards` with the company's own choice first."""
    card = first_fit_card(cards, at)
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
        page_is_open=tries.page_is_open,
        can_charge=card is not None,
        is_untried=card is not None and card.id not in tries.cards,
    )


async def tries_of(session: AsyncSession, order: Order) -> Tries:
    """Return what has been tried for an order; the caller holds the subscription, so nothing begins now."""
    row = (await session.execute(_select_tries(), {"order_id": order.id})).one()
    return tries_from(*row)


def tries_at(
    order: type[Order],
) -> tuple[ColumnElement[list[bool] | None], ColumnElement[list[UUID] | None]]:
    """Return the columns that `tries_from` reads, for an order of an enclosing query.

    The first says of each undecided attempt whether money may be on its way: a charge leaves by itself,
    and what is unknown may have; a page that was opened moves nothing until somebody pays on it.
    """
    other = aliased(Order)
    may_move = or_(Payment.channel == PaymentChannel.STORED_CARD, Payment.status == PaymentStatus.UNKNOWN)
    undecided = select(func.array_agg(func.distinct(may_move))).where(
        other.subscription_id == order.subscription_id,
        Payment.order_id == other.id,
        Payment.status.in_(UNDECIDED),
    )
    asked = select(func.array_agg(func.distinct(Payment.card_id))).where(
        Payment.order_id == order.id,
        Payment.channel == PaymentChannel.STORED_CARD,
        Payment.card_id.is_not(None),
    )
    return undecided.scalar_subquery(), asked.scalar_subquery()


def tries_from(undecided: Sequence[bool] | None, asked: Sequence[UUID] | None) -> Tries:
    """Return the columns of `tries_at` as the rules read them."""
    return Tries(
        undecided=True in (undecided or ()),
        page_is_open=False in (undecided or ()),
        cards=frozenset(asked or ()),
    )


@cache
def _select_tries() -> Select[list[bool] | None, list[UUID] | None]:
    return select(*tries_at(Order)).where(Order.id == bindparam("order_id"))
