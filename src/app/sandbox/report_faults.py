"""What the faults of an order do to its row in the transaction report."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from app.sandbox.faults import Fault, FaultPlan


@dataclass(frozen=True, slots=True)
class Facts:
    """What a row says that can be told wrongly; `amount` in kuruş."""

    amount: int
    day: date
    currency: str


def told(plan: FaultPlan, key: str, facts: Facts) -> list[Facts]:
    """Return what the report says instead of `facts`: one row, two, or none. `key` is an oid or reference."""
    faults = plan.of(key)
    if Fault.ROW_MISSING in faults:
        return []
    if Fault.ROW_AMOUNT in faults:
        facts = replace(facts, amount=facts.amount + plan.number("row amount", key, 1, 100))
    if Fault.ROW_DATE in faults:
        facts = replace(facts, day=facts.day - timedelta(days=1))
    if Fault.ROW_CURRENCY in faults:
        facts = replace(facts, currency="USD" if facts.currency == "TL" else "TL")
    return [facts, facts] if Fault.ROW_DOUBLED in faults else [facts]
