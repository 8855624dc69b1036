"""What a payment's message means for an order and a subscription: pure rules on plain values.

Sources: paytr.md §5 (signed and unsigned fields, repeats, success beats failure), product §3 and §7.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.db.models import (
    MONEY_TAKEN,
    CaseKind,
    OrderKind,
    OrderStatus,
    PaymentStatus,
    SubscriptionStatus,
)
from app.db.models.plan_price import Interval
from app.domain.payments.paytr.messages import PaytrCallback
from app.domain.subscriptions.periods import Period, first_period, following_period

RUNNING = frozenset({SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE})


@dataclass(frozen=True, slots=True)
class PaymentFacts:
    """What is known of the payment, its order and the subscription when the message comes."""

    status: PaymentStatus
    amount: int
    currency: str
    order_status: OrderStatus
    interval: Interval
    subscription_status: SubscriptionStatus
    anchor_at: datetime | None
    period_start: datetime | None
    period_end: datetime | None
    kind: OrderKind = OrderKind.PURCHASE
    ordered: Period | None = None
    """What a renewal or change names as its period."""
    held_interval: Interval | None = None
    held_price_id: UUID | None = None
    replaces_price_id: UUID | None = None
    """Of a change: the price that was held when it was asked for."""
    credit: int = 0
    """What the company's credit is to pay of the order, beside this payment."""
    credit_at_hand: int = 0
    """What there is of it now, with what the change itself turns into credit."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """The message is known already, or comes after a success, which nothing undoes."""


@dataclass(frozen=True, slots=True)
class Declined:
    """The attempt failed; the order stays open."""


@dataclass(frozen=True, slots=True)
class Held:
    """Money came that buys nothing by itself: it is recorded and an operator decides."""

    kind: CaseKind


@dataclass(frozen=True, slots=True)
class Applied:
    """The order is paid: the subscription is active from here on."""

    anchor_at: datetime
    covered: Period
    """What the subscription now shows as its current period."""
    bought: Period
    """What this payment buys; the invoice names it."""
    splits: bool = False
    """The periods that are paid for go on; the new price counts within them from `bought.start`."""


Decision = Nothing | Declined | Held | Applied


def decide(
    facts: PaymentFacts, message: PaytrCallback, *, at: datetime, takes_test_payments: bool
) -> Decision:
    """Return what this message changes."""
    if facts.status in MONEY_TAKEN:
        return Nothing()
    if not message.succeeded:
        return Nothing() if facts.status is PaymentStatus.FAILED else Declined()
    if objection := objection_to(facts, message, takes_test_payments=takes_test_payments):
        return Held(objection)
    return Held(CaseKind.ORDER_LAPSED) if has_lapsed(facts, at) else activation(facts, at)


def objection_to(
    facts: PaymentFacts, message: PaytrCallback, *, takes_test_payments: bool
) -> CaseKind | None:
    """Return why a verified success must not activate anything, or nothing."""
    if message.test_mode and not takes_test_payments:
        return CaseKind.TEST_PAYMENT
    if message.currency is not None and message.currency != facts.currency:
        return CaseKind.CURRENCY_DIFFERS
    if not amount_agrees(facts.amount, message):
        return CaseKind.AMOUNT_DIFFERS
    if facts.order_status is OrderStatus.PAID:
        return CaseKind.PAID_TWICE
    return None


def amount_agrees(amount: int, message: PaytrCallback) -> bool:
    """Say whether the money is the order's: equal to the kuruş, or above it by an instalment surcharge.

    The surcharge is believed only when PayTR also names the ordered amount and more than one instalment
    (paytr.md §18.10).
    """
    if message.payment_amount is not None and message.payment_amount != amount:
        return False
    if message.total_amount == amount:
        return True
    in_instalments = (message.installment_count or 0) > 1
    return in_instalments and message.payment_amount == amount and message.total_amount > amount


def has_lapsed(facts: PaymentFacts, at: datetime) -> bool:
    """Say whether an order no longer stands, so that its money would buy what nobody wants any more.

    A renewal or change that was canceled; a change of a plan that is not held any more; one whose credit is
    gone. A purchase always stands: somebody typed a card in for it.
    """
    if facts.credit > facts.credit_at_hand:
        return True
    if facts.kind is OrderKind.PURCHASE:
        return False
    if facts.order_status is OrderStatus.CANCELED:
        return True
    return facts.kind is OrderKind.CHANGE and not _change_stands(facts, at)


def activation(facts: PaymentFacts, at: datetime) -> Applied:
    """Return the period that an order buys.

    A renewal paid while its subscription runs or is past due buys the period it names: the service went on.
    Any other payment (trial, ended, suspended, canceled, lapsed for months) buys a period that starts no
    earlier than now and ends in the future.
    """
    if facts.kind is OrderKind.CHANGE and facts.ordered:
        return _change(facts, facts.ordered)
    if facts.ordered and facts.anchor_at and _renews(facts, facts.ordered, at):
        anchor, _ = following_period(facts.anchor_at, facts.interval, facts.ordered.start)
        return Applied(anchor_at=anchor, covered=facts.ordered, bought=facts.ordered)
    end = facts.period_end
    if facts.subscription_status not in RUNNING or end is None or end <= at or facts.anchor_at is None:
        bought = first_period(at, facts.interval)
        return Applied(anchor_at=at, covered=bought, bought=bought)
    anchor, bought = following_period(facts.anchor_at, facts.interval, end)
    return Applied(anchor_at=anchor, covered=Period(facts.period_start or at, bought.end), bought=bought)


def _renews(facts: PaymentFacts, ordered: Period, at: datetime) -> bool:
    follows = facts.subscription_status in RUNNING and facts.period_end == ordered.start
    return facts.kind is OrderKind.RENEWAL and follows and ordered.end > at


def _change_stands(facts: PaymentFacts, at: datetime) -> bool:
    if facts.ordered is None or facts.period_end is None:
        return False
    runs = facts.subscription_status is SubscriptionStatus.ACTIVE and facts.period_end > at
    untouched = facts.held_price_id == facts.replaces_price_id
    return runs and untouched and (not _keeps_period(facts) or facts.period_end == facts.ordered.end)


def _keeps_period(facts: PaymentFacts) -> bool:
    return facts.interval is facts.held_interval


def _change(facts: PaymentFacts, ordered: Period) -> Applied:
    if _keeps_period(facts) and facts.period_start and facts.period_end and facts.anchor_at:
        running = Period(facts.period_start, facts.period_end)
        return Applied(anchor_at=facts.anchor_at, covered=running, bought=ordered, splits=True)
    return Applied(anchor_at=ordered.start, covered=ordered, bought=ordered)
