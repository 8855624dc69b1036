"""What a message means, for every state it can meet."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.db.models import CaseKind, Interval, OrderKind, OrderStatus, PaymentStatus, SubscriptionStatus
from app.domain.billing.settlement.rules import Applied, Declined, Held, Nothing, PaymentFacts, decide
from app.domain.payments.paytr.messages import PaytrCallback
from app.domain.subscriptions.periods import Period, boundary
from app.lib.ids import uuid7

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
OPEN = PaymentFacts(
    status=PaymentStatus.WAITING,
    amount=297_000,
    currency="TRY",
    order_status=OrderStatus.OPEN,
    interval=Interval.MONTH,
    subscription_status=SubscriptionStatus.TRIALING,
    anchor_at=None,
    period_start=None,
    period_end=None,
)


def success(total: int = 297_000, **fields: Any) -> PaytrCallback:
    return PaytrCallback(merchant_oid="TZG1", status="success", total_amount=total, **fields)


FAILURE = PaytrCallback(merchant_oid="TZG1", status="failed", total_amount=0, failed_reason_code="0")


def outcome(facts: PaymentFacts, message: PaytrCallback, *, test_payments: bool = True) -> object:
    return decide(facts, message, at=AT, takes_test_payments=test_payments)


@pytest.mark.parametrize("status", [PaymentStatus.SUCCEEDED, PaymentStatus.REFUNDED])
@pytest.mark.parametrize("message", [success(), success(1), FAILURE])
def test_nothing_undoes_or_repeats_a_success(status: PaymentStatus, message: PaytrCallback) -> None:
    assert outcome(replace(OPEN, status=status), message) == Nothing()


@pytest.mark.parametrize("status", [PaymentStatus.WAITING, PaymentStatus.FAILED, PaymentStatus.EXPIRED])
def test_a_success_wins_over_whatever_came_before(status: PaymentStatus) -> None:
    assert isinstance(outcome(replace(OPEN, status=status), success()), Applied)


def test_a_decline_is_recorded_once() -> None:
    assert outcome(OPEN, FAILURE) == Declined()
    assert outcome(replace(OPEN, status=PaymentStatus.FAILED), FAILURE) == Nothing()


@pytest.mark.parametrize("total", [296_999, 297_001, 0, 1, 29_700_000])
def test_an_amount_that_differs_by_a_kurus_activates_nothing(total: int) -> None:
    assert outcome(OPEN, success(total)) == Held(CaseKind.AMOUNT_DIFFERS)
    assert outcome(OPEN, success(total, installment_count=1)) == Held(CaseKind.AMOUNT_DIFFERS)


def test_another_ordered_amount_activates_nothing_even_if_the_total_fits() -> None:
    assert outcome(OPEN, success(payment_amount=100)) == Held(CaseKind.AMOUNT_DIFFERS)


def test_an_instalment_surcharge_is_no_difference() -> None:
    message = success(305_000, payment_amount=297_000, installment_count=3)
    assert isinstance(outcome(OPEN, message), Applied)


def test_less_than_ordered_is_a_difference_also_in_instalments() -> None:
    message = success(290_000, payment_amount=297_000, installment_count=3)
    assert outcome(OPEN, message) == Held(CaseKind.AMOUNT_DIFFERS)


def test_another_currency_activates_nothing() -> None:
    assert outcome(OPEN, success(currency="USD")) == Held(CaseKind.CURRENCY_DIFFERS)


def test_test_money_activates_nothing_in_production() -> None:
    assert outcome(OPEN, success(test_mode=True), test_payments=False) == Held(CaseKind.TEST_PAYMENT)


def test_a_second_payment_of_a_paid_order_is_held() -> None:
    assert outcome(replace(OPEN, order_status=OrderStatus.PAID), success()) == Held(CaseKind.PAID_TWICE)


LAPSED = AT - timedelta(days=90)
STATES = [
    OPEN,
    replace(OPEN, subscription_status=SubscriptionStatus.SUSPENDED),
    *(
        replace(
            OPEN,
            subscription_status=status,
            anchor_at=LAPSED - timedelta(days=30),
            period_start=LAPSED - timedelta(days=30),
            period_end=LAPSED,
        )
        for status in SubscriptionStatus
        if status is not SubscriptionStatus.TRIALING
    ),
]


@pytest.mark.parametrize("facts", STATES, ids=lambda facts: facts.subscription_status.value)
def test_paying_when_nothing_runs_begins_a_full_period_now(facts: PaymentFacts) -> None:
    decision = outcome(facts, success())
    assert isinstance(decision, Applied)
    assert decision.anchor_at == decision.bought.start == decision.covered.start == AT
    assert decision.bought.end == boundary(AT, Interval.MONTH, 1) > AT


@pytest.mark.parametrize("interval", list(Interval))
def test_paying_while_a_period_runs_extends_it_and_loses_no_day(interval: Interval) -> None:
    anchor = AT - timedelta(days=10)
    end = boundary(anchor, Interval.MONTH, 1)
    facts = replace(
        OPEN,
        interval=interval,
        subscription_status=SubscriptionStatus.ACTIVE,
        anchor_at=anchor,
        period_start=anchor,
        period_end=end,
    )
    decision = outcome(facts, success())
    assert isinstance(decision, Applied)
    assert decision.bought.start == end
    assert decision.covered.start == anchor
    assert (
        decision.covered.end
        == decision.bought.end
        == boundary(decision.anchor_at, interval, 1 if interval is Interval.YEAR else 2)
    )


START, END = AT - timedelta(days=10), boundary(AT - timedelta(days=10), Interval.MONTH, 1)
HELD_PRICE, WANTED_PRICE = uuid7(), uuid7()
RUNS = replace(
    OPEN,
    subscription_status=SubscriptionStatus.ACTIVE,
    anchor_at=START,
    period_start=START,
    period_end=END,
    held_interval=Interval.MONTH,
    held_price_id=HELD_PRICE,
    replaces_price_id=HELD_PRICE,
)
WITHIN = replace(RUNS, kind=OrderKind.CHANGE, ordered=Period(AT - timedelta(hours=1), END))
ANEW = replace(
    RUNS,
    kind=OrderKind.CHANGE,
    interval=Interval.YEAR,
    ordered=Period(AT - timedelta(hours=1), boundary(AT - timedelta(hours=1), Interval.YEAR, 1)),
)
RENEWS = replace(
    RUNS,
    kind=OrderKind.RENEWAL,
    subscription_status=SubscriptionStatus.PAST_DUE,
    period_end=AT - timedelta(days=2),
    anchor_at=boundary(AT - timedelta(days=2), Interval.MONTH, -1),
    ordered=Period(AT - timedelta(days=2), boundary(AT - timedelta(days=2), Interval.MONTH, 1)),
)


def test_a_change_within_the_period_counts_from_its_instant_and_keeps_period_and_anchor() -> None:
    assert outcome(WITHIN, success()) == Applied(
        anchor_at=START, covered=Period(START, END), bought=Period(AT - timedelta(hours=1), END), splits=True
    )


def test_a_change_of_interval_begins_a_period_and_an_anchor_of_its_own() -> None:
    ordered = Period(AT - timedelta(hours=1), boundary(AT - timedelta(hours=1), Interval.YEAR, 1))
    assert outcome(ANEW, success()) == Applied(anchor_at=ordered.start, covered=ordered, bought=ordered)


@pytest.mark.parametrize("change", [WITHIN, ANEW], ids=["within", "anew"])
@pytest.mark.parametrize(
    "differing",
    [
        {"held_price_id": WANTED_PRICE},
        {"period_end": AT},
        {"order_status": OrderStatus.CANCELED},
        {"subscription_status": SubscriptionStatus.PAST_DUE},
        {"subscription_status": SubscriptionStatus.CANCELED},
        {"credit": 2, "credit_at_hand": 1},
    ],
    ids="-".join,
)
def test_a_change_that_does_not_stand_any_more_is_held(
    change: PaymentFacts, differing: dict[str, Any]
) -> None:
    assert outcome(replace(change, **differing), success()) == Held(CaseKind.ORDER_LAPSED)


def test_a_change_within_a_period_that_was_extended_meanwhile_is_held() -> None:
    longer = replace(WITHIN, period_end=boundary(START, Interval.MONTH, 2))
    assert outcome(longer, success()) == Held(CaseKind.ORDER_LAPSED)


def test_a_renewal_paid_late_buys_the_period_it_names() -> None:
    decision = outcome(RENEWS, success())
    assert isinstance(decision, Applied)
    assert decision.covered == decision.bought == RENEWS.ordered
    assert decision.anchor_at == RENEWS.anchor_at


@pytest.mark.parametrize("status", [SubscriptionStatus.SUSPENDED, SubscriptionStatus.CANCELED])
def test_a_renewal_paid_when_nothing_runs_any_more_begins_now(status: SubscriptionStatus) -> None:
    decision = outcome(replace(RENEWS, subscription_status=status), success())
    assert isinstance(decision, Applied)
    assert decision.covered.start == decision.anchor_at == AT


def test_a_canceled_renewal_is_held_and_a_canceled_purchase_is_not() -> None:
    assert outcome(replace(RENEWS, order_status=OrderStatus.CANCELED), success()) == Held(
        CaseKind.ORDER_LAPSED
    )
    assert isinstance(outcome(replace(OPEN, order_status=OrderStatus.CANCELED), success()), Applied)
