"""When a refund may be asked for, when it may be sent, and what an answer proves: rules on plain values.

PayTR knows no idempotency (paytr.md §11): a request that is repeated gives money back twice. So a request
whose answer is missing is followed by questions. It is sent again only when all of this holds:

* the status query knew the payment and did not list the reference, twice, at the second rung or later:
  seven minutes after the request left, whose own time limit is a minute and a half;
* everything that query did list bears a reference of ours. `returns[]` is undocumented; one entry we
  cannot place may be this very refund without its name, and then a person decides;
* the ladder has not ended.

What remains is a refund that PayTR carries out, unseen by its own status query, after those minutes. Then a
part of one payment goes back twice, never more than was paid: PayTR refuses what exceeds it (009), and the
reports of the day show it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.db.models import MONEY_TAKEN, Payment
from app.domain.billing.verification.rules import LADDER
from app.domain.payments.values import Inquiry, Returned
from app.lib.errors import DomainError, InvalidInput
from app.lib.i18n import N_
from app.lib.money import Money

INQUIRIES_BEFORE_SENDING_AGAIN = 2
REFUNDABLE_FOR = timedelta(days=365)
"""PayTR refuses older payments (error 011)."""


def wait_after(step: int) -> timedelta:
    """Return how long after its n-th step, from 1, a refund without an outcome is taken up again.

    After the last step that is for a worker that died in it; whoever ends it clears the due column.
    """
    return LADDER[step - 1] if step <= len(LADDER) else LADDER[0]


def is_last(step: int) -> bool:
    """Say whether the ladder ends with this step."""
    return step > len(LADDER)


def check_request(
    payment: Payment, amount: int, reason: str, *, at: datetime, seen_left: int | None = None
) -> None:
    """Raise the sentence that says why `amount` kuruş of this payment cannot be given back.

    `seen_left` is what a page said was left: a form that is sent twice finds less and is refused.
    """
    if payment.status not in MONEY_TAKEN or payment.collected is None or payment.succeeded_at is None:
        raise DomainError(N_("This payment took no money, so there is nothing to give back."))
    if at - payment.succeeded_at > REFUNDABLE_FOR:
        raise DomainError(N_("PayTR gives back nothing that was paid more than a year ago."))
    left = payment.collected - payment.refund_reserved
    if left <= 0:
        raise DomainError(N_("All of this payment has been given back or is on its way."))
    if seen_left not in {None, left}:
        raise DomainError(
            N_("More of this payment has gone back meanwhile. See what is left and decide again.")
        )
    if amount <= 0:
        raise InvalidInput(N_("Enter an amount above zero."), field="amount")
    if amount > left:
        raise InvalidInput(
            N_("At most %(left)s of this payment can be given back."),
            field="amount",
            left=Money(left, payment.currency),
        )
    if not reason.strip():
        raise InvalidInput(N_("Say why the money is given back."), field="reason")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a status query lists under one reference: kuruş in all, and in how many entries."""

    amount: int
    count: int


def entry_of(returns: Collection[Returned], reference: str) -> Entry | None:
    """Return what is listed under a reference, or nothing."""
    amounts = [item.amount for item in returns if item.reference == reference]
    return Entry(sum(amounts), len(amounts)) if amounts else None


def may_be_sent_again(answer: Inquiry, *, references: Collection[str], inquiries: int, step: int) -> bool:
    """Say whether an unanswered refund may be sent again; `references` are all refunds of the payment."""
    return (
        answer.found
        and inquiries >= INQUIRIES_BEFORE_SENDING_AGAIN
        and not is_last(step)
        and all(item.reference in references for item in answer.returns)
    )


def is_as_asked(payment: Payment, amount: int, entry: Entry) -> bool:
    """Say whether PayTR gave back what it was asked to; `payment` before this refund counts.

    With the whole principal an instalment surcharge goes back too (paytr.md §11).
    """
    collected = payment.collected or 0
    surcharge = max(collected - payment.amount, 0)
    return (
        entry.count == 1
        and amount <= entry.amount <= amount + surcharge
        and payment.refunded + entry.amount <= collected
    )


def surcharge_in(payment: Payment, returned: int) -> int:
    """Return how much of what now goes back is instalment surcharge; `payment` before this refund counts.

    The principal goes back first (paytr.md §11). Held money bought nothing: all of it is the company's.
    """
    if payment.is_surplus:
        return 0
    after = min(payment.refunded + returned, payment.collected or 0)
    return max(after - payment.amount, 0) - max(payment.refunded - payment.amount, 0)
