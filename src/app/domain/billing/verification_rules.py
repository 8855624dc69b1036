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
    """Return the refunds only one side knows, or knows with another amount; those under way may be either."""
    book = {refund.reference: refund for refund in refunds}
    found: list[dict[str, object]] = []
    seen: set[str] = set()
    for returned in returns:
        refund = book.get(returned.reference or "")
        if refund is not None:
            seen.add(refund.reference)
        expected = _given_back(refund)
        if expected != returned.amount:
            found.append({"reference": returned.reference, "ours": expected, "paytr": returned.amount})
    missing = [r for r in refunds if r.status is RefundStatus.SUCCEEDED and r.reference not in seen]
    return found + [{"reference": r.reference, "ours": _given_back(r), "paytr": None} for r in missing]


def _given_back(refund: Refund | None) -> int | None:
    if refund is None or refund.status is RefundStatus.FAILED:
        return None
    return refund.returned or refund.amount
