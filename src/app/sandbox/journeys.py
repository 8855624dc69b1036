"""What becomes of one callback on its way: which notices go out, in which order, how many at once."""

from typing import Final

from app.sandbox.book import Notice, Order
from app.sandbox.callbacks import failure_form
from app.sandbox.faults import Fault, FaultPlan

FORGED_HASH: Final = "Zm9yZ2VkLCBzbyB0aGF0IGl0IG11c3QgYmUgcmVmdXNlZA=="
LONGEST_DELAY_DAYS: Final = 10
BURST: Final = 10
RETRIED_REASON: Final = "0"


def journey(plan: FaultPlan, order: Order, form: dict[str, str]) -> list[Notice]:
    """Return what is sent, one after the other, to say `form`, after the faults that strike its order.

    Never wins over everything else; late holds the whole journey back.
    """
    faults = plan.of(order.merchant_oid)
    if Fault.NEVER in faults:
        return [Notice(form)]
    said = Notice(form, copies=BURST if Fault.BURST in faults else 1, comes_again=Fault.DUPLICATE in faults)
    notices = [said]
    if form["status"] == "success" and Fault.SUCCESS_AFTER_FAILED in faults:
        notices.insert(0, Notice(failure_form(order, RETRIED_REASON)))
    if form["status"] == "success" and Fault.FAILED_AFTER_SUCCESS in faults:
        notices.append(Notice(failure_form(order, RETRIED_REASON)))
    if Fault.WRONG_HASH in faults:
        notices.insert(0, Notice({**form, "hash": FORGED_HASH}, is_repeated=False))
    days = plan.number("days late", order.merchant_oid, 1, LONGEST_DELAY_DAYS)
    for notice in notices:
        notice.is_owed, notice.held_days = True, days if Fault.LATE in faults else None
    return notices


def release(order: Order, *, days: int) -> list[Notice]:
    """Let go what is held back for at most so many days, and return it in its order."""
    released = [notice for notice in order.notices if notice.is_held and (notice.held_days or 0) <= days]
    for notice in released:
        notice.held_days = None
    return released
