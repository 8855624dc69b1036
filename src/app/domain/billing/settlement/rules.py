"""What a payment's message means for an order and a subscription: pure rules on plain values.

Sources: paytr.md §5 (signed and unsigned fields, repeats, success beats failure), product §3 and §7.
"""

from dataclasses import dataclass
from datetime import datetime

from app.db.models import MONEY_TAKEN, CaseKind, OrderStatus, PaymentStatus, SubscriptionStatus
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
    return activation(facts, at)


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


def activation(facts: PaymentFacts, at: datetime) -> Applied:
    """Return the period an order buys: after a running period, or from now when none runs.

    Whatever the state was (trial, ended, suspended, canceled, lapsed for months), the bought period
    starts no earlier than now and ends in the future.
    """
    end = facts.period_end
    if facts.subscription_status not in RUNNING or end is None or end <= at or facts.anchor_at is None:
        bought = first_period(at, facts.interval)
        return Applied(anchor_at=at, covered=bought, bought=bought)
    anchor, bought = following_period(facts.anchor_at, facts.interval, end)
    return Applied(anchor_at=anchor, covered=Period(facts.period_start or at, bought.end), bought=bought)
