"""Two books to compare: ours, and that of a PayTR whose payouts rest on its own."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from app.domain.billing.reconciliation.proof import Comparison, Reports, compare
from app.domain.billing.reconciliation.rules import Entry
from app.domain.payments.values import (
    PayoutDetail,
    PayoutLine,
    PayoutStatement,
    ReportedPayout,
    ReportedTransaction,
)

DAY = date(2026, 11, 21)
NEXT = DAY + timedelta(days=1)
BEFORE = DAY - timedelta(days=1)
OPENING = 50_000


def sale(oid: str = "TZG1", amount: int = 297_000, day: date = DAY, **facts: Any) -> Entry:
    defaults: dict[str, Any] = {"is_refund": False, "currency": "TRY"}
    return Entry(merchant_oid=oid, amount=amount, day=day, **(defaults | facts))


def refund(oid: str = "TZG1", amount: int = 97_000, day: date = DAY, **facts: Any) -> Entry:
    return sale(oid, amount, day, **{"is_refund": True, "reference": f"TZR{oid}{amount}{day:%d}"} | facts)


def row_of(entry: Entry, **changes: Any) -> ReportedTransaction:
    amount = changes.get("amount", entry.amount)
    commission = changes.pop("commission", amount * 3 // 100)
    row = ReportedTransaction(
        merchant_oid=entry.merchant_oid,
        is_refund=entry.is_refund,
        amount=amount,
        commission=commission,
        net=amount - commission,
        currency=entry.currency,
        day=entry.day,
    )
    return replace(row, **changes)


def net_of(row: ReportedTransaction) -> int:
    return -row.net if row.is_refund else row.net


@dataclass
class World:
    """Our book, and a PayTR that pays out a third of what it owes each day."""

    entries: list[Entry] = field(default_factory=list)
    rows: list[ReportedTransaction] = field(default_factory=list)
    money: list[ReportedTransaction] | None = None
    """What PayTR's payouts rest on, where its report says something else."""
    announced_off: int = 0
    detail_off: int = 0
    opening: dict[str, int] | None = field(default_factory=lambda: {"TRY": OPENING})

    def compare(self, day: date = DAY) -> Comparison:
        money = self.rows if self.money is None else self.money
        paid, coming, lines = [], [], []
        for currency in sorted({row.currency for row in money} | {"TRY"}):
            owed = OPENING if currency == "TRY" else 0
            owed += sum(net_of(row) for row in money if row.currency == currency and row.day >= day)
            payout = owed // 3
            paid.append(ReportedPayout(day, currency, payout, 0, payout))
            lines += [PayoutLine("TZG1", payout, currency)]
            later = ReportedPayout(day + timedelta(days=3), currency, 0, 0, owed - payout)
            coming.append(later)
        coming.append(ReportedPayout(day, "TRY", 0, 0, self.announced_off))
        lines.append(PayoutLine("TZG1", self.detail_off, "TRY"))
        reports = Reports(
            rows=self.rows,
            statement=PayoutStatement("", tuple(paid), tuple(coming)),
            detail=PayoutDetail("", tuple(lines)),
        )
        return compare(day, self.entries, reports, opening=self.opening)


def causes(comparison: Comparison) -> list[tuple[str, str | None]]:
    return sorted((one.cause.value, one.merchant_oid) for one in comparison.differences)


def world_of(*entries: Entry) -> World:
    return World(list(entries), [row_of(entry) for entry in entries])
