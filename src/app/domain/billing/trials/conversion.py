"""A trial that goes on as a paid period: the owner's agreement to one price, and the one charge for it.

The price agreed to stands in `pending_price_id`, as every price of a period to come does. A price published
later changes nothing about it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.db.models import (
    UNDECIDED,
    Order,
    OrderKind,
    OrderStatus,
    Payment,
    PlanPrice,
    StoredCard,
    Subscription,
    SubscriptionStatus,
)
from app.domain.audit.service import record
from app.domain.billing.cards.choice import default_fit_card
from app.domain.billing.cards.store import cards_of
from app.domain.billing.charging.service import request_charge
from app.domain.billing.ordering import order_at_price
from app.domain.companies.permissions import Permission
from app.domain.companies.queries import billing_contact
from app.domain.companies.viewer import Viewer
from app.domain.plans.queries import Offer, on_sale
from app.domain.subscriptions.queries import newest_subscription
from app.lib.errors import DomainError, InvalidInput
from app.lib.i18n import N_

CARD_HAD_ITS_TRIAL = N_(
    "A card like this one has had its free trial with another company. "
    "Pay for a plan now, or choose another card; your trial goes on until its end."
)


@dataclass(frozen=True, slots=True)
class ConversionChoice:
    """What the billing page offers while a trial runs."""

    card: StoredCard
    prices: tuple[PlanPrice, ...]
    """The prices of the trial's plan on sale today, month and year."""
    chosen: PlanPrice | None
    """What was agreed to; it may be on sale no more."""


def conversion_choice(
    subscription: Subscription | None,
    offers: Sequence[Offer],
    cards: Sequence[StoredCard],
    chosen: PlanPrice | None,
    *,
    at: datetime,
) -> ConversionChoice | None:
    """Return what may be agreed to, or was; nothing outside of a running trial, or without a fit card."""
    if subscription is None or subscription.status is not SubscriptionStatus.TRIALING:
        return None
    card = default_fit_card(cards, at)
    if card is None:
        return None
    own = [offer for offer in offers if offer.plan.code == subscription.plan_code]
    prices = tuple(price for offer in own for price in (offer.month, offer.year))
    return ConversionChoice(card, prices, chosen)


async def choose_conversion(session: AsyncSession, viewer: Viewer, price_id: str, *, at: datetime) -> None:
    """Agree that the trial goes on at this price, charged to the default card.

    Raises `InvalidInput` unless the price is on sale for the trial's plan, `DomainError` without a running
    trial or a fit card, or with one whose trial is over already (docs/adr/0021).
    """
    subscription = await _running_trial(session, viewer, at=at)
    card = default_fit_card(await cards_of(session, viewer.company.id), at)
    if card is None:
        raise DomainError(N_("There is no card that could be charged. Add one first."))
    if await _had_its_trial(session, card, at=at):
        raise DomainError(CARD_HAD_ITS_TRIAL)
    price = await _price_on_sale(session, subscription, price_id)
    subscription.converts_at_trial_end = True
    subscription.pending_price_id, subscription.pending_since = price.id, at
    record(
        session,
        at=at,
        action="trial.conversion_chosen",
        subject=subscription.id,
        company_id=viewer.company.id,
        actor_id=viewer.user.id,
        facts={
            "price": str(price.id),
            "interval": price.interval,
            "gross": price.gross,
            "currency": price.currency,
            "card": card.last_four,
            "trial_ends_at": subscription.trial_ends_at.isoformat() if subscription.trial_ends_at else None,
        },
    )


async def take_back_conversion(session: AsyncSession, viewer: Viewer, *, at: datetime) -> None:
    """Let the trial end without a charge; what was never agreed to is taken back already."""
    subscription = await _running_trial(session, viewer, at=at)
    if not subscription.converts_at_trial_end:
        return
    forget_conversion(subscription)
    record(
        session,
        at=at,
        action="trial.conversion_taken_back",
        subject=subscription.id,
        company_id=viewer.company.id,
        actor_id=viewer.user.id,
    )


def forget_conversion(subscription: Subscription) -> None:
    """Let nothing be charged when the trial ends."""
    subscription.converts_at_trial_end = False
    subscription.pending_price_id = subscription.pending_since = None
    subscription.charge_attempts = 0


async def charge_conversion(
    session: AsyncSession, subscription: Subscription, price: PlanPrice, card: StoredCard, *, at: datetime
) -> Order:
    """Order the period that was agreed to and write its charge down; paying it activates the subscription.

    `charge_attempts` says from now on that the one charge was made.
    """
    order = await _open_order(session, subscription, price) or await _new_order(session, subscription, price)
    await request_charge(session, order_id=order.id, card_id=card.id, at=at)
    subscription.charge_attempts = 1
    return order


async def chosen_price(session: AsyncSession, subscription: Subscription) -> PlanPrice | None:
    """Return the price agreed to, with its plan."""
    if not subscription.converts_at_trial_end:
        return None
    statement = (
        select(PlanPrice)
        .join(PlanPrice.plan)
        .options(contains_eager(PlanPrice.plan))
        .where(PlanPrice.id == subscription.pending_price_id)
    )
    return await session.scalar(statement)


async def has_undecided_payment(session: AsyncSession, subscription: Subscription) -> bool:
    """Say whether money for an open order of this subscription may be on its way."""
    statement = exists().where(
        Payment.order_id == Order.id,
        Payment.status.in_(UNDECIDED),
        Order.subscription_id == subscription.id,
        Order.status == OrderStatus.OPEN,
    )
    return bool(await session.scalar(select(statement)))


async def _running_trial(session: AsyncSession, viewer: Viewer, *, at: datetime) -> Subscription:
    viewer.require(Permission.PAY)
    subscription = await newest_subscription(session, viewer.company.id, lock=True)
    if (
        subscription is None
        or subscription.status is not SubscriptionStatus.TRIALING
        or subscription.trial_ends_at is None
        or subscription.trial_ends_at <= at
    ):
        raise DomainError(N_("The trial has ended. Choose a plan below to go on."))
    return subscription


async def _price_on_sale(session: AsyncSession, subscription: Subscription, price_id: str) -> PlanPrice:
    statement = select(PlanPrice).where(
        PlanPrice.plan_code == subscription.plan_code,
        on_sale(),
    )
    found = [price for price in await session.scalars(statement) if str(price.id) == price_id]
    if not found:
        raise InvalidInput(
            N_("Choose monthly or yearly. Prices may have changed; look again."), field="price"
        )
    return found[0]


async def _had_its_trial(session: AsyncSession, card: StoredCard, *, at: datetime) -> bool:
    """Say whether another company let a trial with what looks like this card end, and never paid.

    PayTR names no owner, so brand, bank, last digits and expiry have to do; a company that has paid is not
    held against anybody.
    """
    has_paid = exists().where(Order.company_id == StoredCard.company_id, Order.status == OrderStatus.PAID)
    had_trial = exists().where(
        Subscription.company_id == StoredCard.company_id, Subscription.trial_ends_at <= at
    )
    statement = exists().where(
        StoredCard.company_id != card.company_id,
        StoredCard.brand == card.brand,
        StoredCard.bank == card.bank,
        StoredCard.last_four == card.last_four,
        StoredCard.expiry_month == card.expiry_month,
        StoredCard.expiry_year == card.expiry_year,
        had_trial,
        ~has_paid,
    )
    return bool(await session.scalar(select(statement)))


async def _open_order(session: AsyncSession, subscription: Subscription, price: PlanPrice) -> Order | None:
    """Return an order of the same price that the checkout left open, so that it is paid only once."""
    return await session.scalar(
        select(Order)
        .where(
            Order.subscription_id == subscription.id,
            Order.kind == OrderKind.PURCHASE,
            Order.price_id == price.id,
            Order.status == OrderStatus.OPEN,
        )
        .order_by(Order.created_at.desc())
        .limit(1)
    )


async def _new_order(session: AsyncSession, subscription: Subscription, price: PlanPrice) -> Order:
    contact = await billing_contact(session, subscription.company_id)
    order = order_at_price(subscription, price, placed_by_id=contact.id if contact else None)
    session.add(order)
    await session.flush()
    return order
