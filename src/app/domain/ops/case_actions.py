"""What an operator may decide about each kind of case: one table, and when each decision is still lawful."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from app.db.models import (
    MONEY_TAKEN,
    CaseKind,
    DifferenceCause,
    OperatorCase,
    OrderStatus,
    Payment,
    Refund,
    RefundStatus,
)


class CaseAction(StrEnum):
    """A decision; its value is kept with the case."""

    CLOSE = "close"
    ACCEPT = "accept"
    EXPLAIN = "explain"
    WRITE_OFF = "write_off"
    REFUND = "refund"
    APPLY = "apply"
    ASK_AGAIN = "ask_again"
    MARK_FAILED = "mark_failed"
    MARK_RETURNED = "mark_returned"
    TRY_AGAIN = "try_again"
    BY_HAND = "by_hand"


A = CaseAction
ACTIONS: dict[CaseKind, tuple[CaseAction, ...]] = {
    CaseKind.UNKNOWN_ORDER: (A.CLOSE,),
    # an amount in another currency and the money of a test equal no order: they are never applied
    CaseKind.AMOUNT_DIFFERS: (A.REFUND, A.APPLY, A.ACCEPT, A.CLOSE),
    CaseKind.CURRENCY_DIFFERS: (A.REFUND, A.ACCEPT, A.CLOSE),
    CaseKind.TEST_PAYMENT: (A.REFUND, A.ACCEPT, A.CLOSE),
    CaseKind.PAID_TWICE: (A.REFUND, A.ACCEPT, A.CLOSE),
    CaseKind.ORDER_LAPSED: (A.REFUND, A.ACCEPT, A.CLOSE),
    CaseKind.VERIFICATION_DIFFERS: (A.REFUND, A.ACCEPT, A.CLOSE),
    CaseKind.OUTCOME_UNKNOWN: (A.ASK_AGAIN, A.MARK_FAILED, A.MARK_RETURNED, A.CLOSE),
    CaseKind.REFUND_REFUSED: (A.TRY_AGAIN, A.BY_HAND),
    CaseKind.RECONCILIATION_DIFFERS: (A.EXPLAIN, A.WRITE_OFF),
    CaseKind.REPORTS_MISSING: (A.CLOSE,),
    CaseKind.CALLBACK_UNREADABLE: (A.ACCEPT, A.REFUND, A.CLOSE),
}
STEPS = frozenset({A.ASK_AGAIN})
"""What leaves the case open: its answer is still to come."""
TAKES_AMOUNT = frozenset({A.REFUND})


@dataclass(frozen=True, slots=True)
class Matter:
    """A case with what it is about: a payment, or one refund of it, or neither."""

    case: OperatorCase
    payment: Payment | None = None
    """With its order loaded."""
    refund: Refund | None = None

    @property
    def left(self) -> int:
        """What of the payment can still be given back, in minor units."""
        return left_of(self.payment) if self.payment else 0

    @property
    def actions(self) -> list[CaseAction]:
        """The decisions that are lawful now, the usual one first; none for a closed case."""
        if self.case.closed_at is not None:
            return []
        return [action for action in ACTIONS[self.case.kind] if LAWFUL.get(action, _always)(self)]


def left_of(payment: Payment) -> int:
    """Return what of a payment is neither given back nor on its way, in minor units."""
    if payment.status not in MONEY_TAKEN:
        return 0
    return (payment.collected or 0) - payment.refund_reserved


def _always(_: Matter) -> bool:
    return True


def _is_refundable(matter: Matter) -> bool:
    return matter.refund is None and matter.left > 0


def _is_worth_its_order(matter: Matter) -> bool:
    """Held money may pay its order when it is the order's to the kuruş and nothing has gone back."""
    payment = matter.payment
    return (
        matter.refund is None
        and payment is not None
        and payment.is_surplus
        and payment.collected == payment.amount == payment.order.gross
        and payment.refund_reserved == 0
        and payment.order.status is not OrderStatus.PAID
    )


def _is_open(matter: Matter) -> bool:
    if matter.refund is not None:
        return not matter.refund.is_decided
    return matter.payment is not None and matter.payment.is_undecided


def _is_open_refund(matter: Matter) -> bool:
    return matter.refund is not None and _is_open(matter)


def _is_kept(matter: Matter) -> bool:
    """Money of ours is there to be accepted, or it is not a payment's money that the case is about."""
    return matter.payment is None or matter.refund is not None or matter.left > 0


def _is_over(matter: Matter) -> bool:
    """What had to be decided has happened meanwhile, or lies outside of this service."""
    match matter.case.kind:
        case CaseKind.UNKNOWN_ORDER | CaseKind.REPORTS_MISSING:
            return True
        case CaseKind.OUTCOME_UNKNOWN:
            return not _is_open(matter)
        case _:
            return not _is_kept(matter)


def _is_about_the_balance(matter: Matter) -> bool:
    """Sums differ, not single rows: those are put right where they are wrong."""
    return set(matter.case.facts.get("causes", ())) == {DifferenceCause.TOTAL}


def _can_be_sent_again(matter: Matter) -> bool:
    refund = matter.refund
    return refund is not None and refund.status is RefundStatus.FAILED and matter.left >= refund.amount


LAWFUL: dict[CaseAction, Callable[[Matter], bool]] = {
    A.CLOSE: _is_over,
    A.ACCEPT: _is_kept,
    A.REFUND: _is_refundable,
    A.APPLY: _is_worth_its_order,
    A.ASK_AGAIN: _is_open,
    A.MARK_FAILED: _is_open,
    A.MARK_RETURNED: _is_open_refund,
    A.TRY_AGAIN: _can_be_sent_again,
    A.WRITE_OFF: _is_about_the_balance,
}
"""When a decision is lawful; one that is not named here always is."""
