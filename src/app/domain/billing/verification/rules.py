"""When PayTR is asked about a payment, and what of its answer differs from our book: pure rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.db.models import MONEY_TAKEN, Payment, PaymentChannel, Refund, RefundStatus
from app.domain.payments.values import Inquiry, Returned

LADDER = (
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=24),
)
"""When PayTR is asked about an outcome that is not known (product §3); then an operator decides."""
LISTED_WITHIN = timedelta(minutes=10)
"""How long PayTR's own record may lag behind its callback before that is news."""
UNSETTLED_REFUNDS = frozenset({RefundStatus.CREATED, RefundStatus.SENT, RefundStatus.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Expectation:
    """What our book says of a payment whose money was taken."""

    payment: Payment
    refunds: Sequence[Refund]
    test_mode: bool
    """Whether payments are requested as tests."""


def next_inquiry(payment: Payment, at: datetime) -> datetime | None:
    """Return when to ask next after `payment.inquiries` questions, or nothing when the ladder has ended.

    Rungs are counted from the instant since which the outcome is open. A late worker still climbs them
    all, never two at once.
    """
    if payment.inquiries >= len(LADDER):
        return None
    return max(_open_since(payment) + LADDER[payment.inquiries], at + LADDER[0])


def may_not_be_listed_yet(payment: Payment, at: datetime) -> bool:
    """Say whether a success is so young that the status query may not know it yet."""
    return payment.succeeded_at is not None and at < payment.succeeded_at + LISTED_WITHIN


def _open_since(payment: Payment) -> datetime:
    """A charge is open from its sending, a page from the end of its time, a success until it is checked."""
    if payment.status in MONEY_TAKEN and payment.succeeded_at is not None:
        return payment.succeeded_at
    if payment.channel is PaymentChannel.STORED_CARD and payment.sent_at is not None:
        return payment.sent_at
    return payment.expires_at


def differences(ours: Expectation, theirs: Inquiry) -> dict[str, object]:
    """Return what PayTR's own record of a success says otherwise, by name; amounts in minor units.

    The order's amount, the currency and the test flag of money that is held already differ, and their case
    is open: of that money only what was taken and given back is compared.
    """
    if not theirs.found:
        return {"found": {"ours": True, "paytr": False}}
    payment = ours.payment
    compared: list[tuple[str, object, object]] = [("collected", payment.collected, theirs.total)]
    if not payment.is_surplus:
        compared += [
            ("amount", payment.amount, theirs.amount),
            ("currency", payment.currency, theirs.currency),
            ("test_mode", ours.test_mode, theirs.test_mode),
        ]
    found: dict[str, object] = {
        name: {"ours": mine, "paytr": other}
        for name, mine, other in compared
        if other is not None and mine != other
    }
    if returns := _differing_returns(ours.refunds, theirs.returns):
        found["returns"] = returns
    return found


def _differing_returns(refunds: Sequence[Refund], returns: Sequence[Returned]) -> list[dict[str, object]]:
    """Return the refunds only one side knows, or knows with another sum; those under way may be either.

    PayTR may list a reference more than once; what it lists without one belongs to nobody of ours.
    """
    theirs: dict[str | None, int] = {}
    for returned in returns:
        theirs[returned.reference] = theirs.get(returned.reference, 0) + returned.amount
    ours = {refund.reference: _given_back(refund) for refund in refunds}
    under_way = {refund.reference for refund in refunds if refund.status in UNSETTLED_REFUNDS}
    return [
        {"reference": reference, "ours": ours.get(reference or ""), "paytr": theirs.get(reference)}
        for reference in dict.fromkeys([*theirs, *ours])
        if ours.get(reference or "") != theirs.get(reference)
        and not (reference in under_way and reference not in theirs)
    ]


def _given_back(refund: Refund) -> int | None:
    """What our book says PayTR gave back, or is about to; nothing of a refund that failed."""
    if refund.status is RefundStatus.FAILED:
        return None
    return refund.returned or refund.amount
