"""When PayTR is asked, and what of its answer counts as a difference."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.db.models import Payment, PaymentChannel, PaymentStatus, Refund, RefundStatus
from app.domain.billing.verification.rules import LADDER, Expectation, differences, next_inquiry
from app.domain.payments.values import Inquiry, Returned

SENT = datetime(2027, 5, 4, 9, 0, tzinfo=UTC)
EXPIRES = SENT + timedelta(minutes=30)


def payment(**differing: Any) -> Payment:
    facts: dict[str, Any] = {
        "status": PaymentStatus.SUCCEEDED,
        "channel": PaymentChannel.STORED_CARD,
        "amount": 297_000,
        "collected": 297_000,
        "currency": "TRY",
        "is_surplus": False,
        "sent_at": SENT,
        "expires_at": EXPIRES,
        "succeeded_at": SENT,
        "inquiries": 0,
    }
    return Payment(**facts | differing)


def refund(status: RefundStatus, amount: int = 50_000, reference: str = "TZR1", **more: Any) -> Refund:
    returned = amount if status is RefundStatus.SUCCEEDED else None
    return Refund(status=status, amount=amount, reference=reference, **{"returned": returned} | more)


def answer(**differing: Any) -> Inquiry:
    facts: dict[str, Any] = {
        "found": True,
        "raw": "{}",
        "amount": 297_000,
        "total": 297_000,
        "currency": "TRY",
        "test_mode": False,
    }
    return Inquiry(**facts | differing)


def names(ours: Payment, theirs: Inquiry, *refunds: Refund, test_mode: bool = False) -> set[str]:
    return set(differences(Expectation(ours, refunds, test_mode), theirs))


@pytest.mark.parametrize(
    ("differing", "since"),
    [
        ({"status": PaymentStatus.UNKNOWN, "succeeded_at": None}, SENT),
        ({"status": PaymentStatus.WAITING, "channel": PaymentChannel.FRAME, "sent_at": None}, EXPIRES),
        ({"status": PaymentStatus.UNKNOWN, "channel": PaymentChannel.DIRECT, "sent_at": SENT}, EXPIRES),
        ({"status": PaymentStatus.SUCCEEDED, "succeeded_at": EXPIRES}, EXPIRES),
    ],
    ids=["charge", "page", "direct", "success"],
)
def test_rungs_are_counted_from_the_instant_since_which_the_outcome_is_open(
    differing: dict[str, Any], since: datetime
) -> None:
    due = [next_inquiry(payment(**differing, inquiries=n), since) for n in range(len(LADDER))]
    assert due == [since + rung for rung in LADDER]
    assert next_inquiry(payment(**differing, inquiries=len(LADDER)), since) is None


def test_a_late_worker_climbs_every_rung_that_is_left_and_never_two_at_once() -> None:
    late = SENT + timedelta(days=9)
    row = payment(status=PaymentStatus.UNKNOWN, succeeded_at=None, inquiries=1)
    assert next_inquiry(row, late) == late + LADDER[0]


def test_a_record_that_agrees_differs_in_nothing() -> None:
    assert names(payment(), answer()) == set()
    silent = answer(amount=None, total=None, currency=None, test_mode=None)
    assert names(payment(), silent) == set(), "what PayTR does not say contradicts nobody"


@pytest.mark.parametrize(
    ("differing", "name"),
    [
        ({"found": False}, "found"),
        ({"amount": 297_001}, "amount"),
        ({"total": 296_999}, "collected"),
        ({"currency": "USD"}, "currency"),
        ({"test_mode": True}, "test_mode"),
    ],
)
def test_each_field_that_differs_is_named(differing: dict[str, Any], name: str) -> None:
    assert names(payment(), answer(**differing)) == {name}


def test_a_real_payment_where_tests_were_asked_for_differs_too() -> None:
    assert names(payment(), answer(), test_mode=True) == {"test_mode"}


def test_of_held_money_only_what_was_taken_is_compared() -> None:
    held = payment(is_surplus=True, collected=1)
    assert names(held, answer(total=1, currency="USD", amount=1, test_mode=True)) == set()
    assert names(held, answer(total=2)) == {"collected"}


@pytest.mark.parametrize(
    ("refunds", "returns", "found"),
    [
        ([], [], []),
        ([refund(RefundStatus.SUCCEEDED)], [Returned(50_000, "TZR1")], []),
        ([refund(RefundStatus.SENT)], [Returned(50_000, "TZR1")], []),
        ([refund(RefundStatus.UNKNOWN)], [], []),
        ([refund(RefundStatus.SUCCEEDED, returned=51_000)], [Returned(51_000, "TZR1")], []),
        ([refund(RefundStatus.SUCCEEDED)], [], [("TZR1", 50_000, None)]),
        ([refund(RefundStatus.SUCCEEDED)], [Returned(49_999, "TZR1")], [("TZR1", 50_000, 49_999)]),
        ([refund(RefundStatus.FAILED)], [Returned(50_000, "TZR1")], [("TZR1", None, 50_000)]),
        ([], [Returned(100, None)], [(None, None, 100)]),
        (
            [refund(RefundStatus.SUCCEEDED)],
            [Returned(50_000, "TZR1"), Returned(50_000, "TZR1")],
            [("TZR1", 50_000, 100_000)],
        ),
    ],
    ids=[
        "none",
        "as booked",
        "on its way",
        "not there yet",
        "with its surcharge",
        "missing there",
        "other amount",
        "failed here",
        "not ours",
        "twice",
    ],
)
def test_returns_are_compared_with_our_refunds(
    refunds: list[Refund], returns: list[Returned], found: list[tuple[str | None, int | None, int | None]]
) -> None:
    book = Expectation(payment(), refunds, test_mode=False)
    differing: Any = differences(book, answer(returns=tuple(returns))).get("returns", [])
    assert [(row["reference"], row["ours"], row["paytr"]) for row in differing] == found
