"""The three-way proof of one day and currency, in minor units, each step an equation that adds up.

1. our sales - our refunds, with what single differences account for = PayTR's gross;
2. PayTR's gross - commission = PayTR's net;
3. what PayTR owed us + net - paid out = what PayTR owes us, and that is what it announces.

The third rolls a balance from day to day, so it needs no knowledge of PayTR's settlement calendar.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from app.db.models import DifferenceCause
from app.domain.billing.reconciliation.balance import closing_explained
from app.domain.billing.reconciliation.rules import Difference, Entry, Pair, differences_of, match, signed
from app.domain.payments.values import PayoutDetail, PayoutStatement, ReportedTransaction


@dataclass(slots=True, kw_only=True)
class Totals:
    """One currency of one day. Refunds are positive and subtracted; everything else is signed."""

    sales: int = 0
    refunds: int = 0
    carried: int = 0
    """Their sums above ours by what crossed midnight and is spoken of on its other day."""
    surcharge: int = 0
    """What PayTR returned above our refunds: the instalment surcharge. Lowers their sums."""
    differences: int = 0
    """Their sums above ours by the day's differences."""
    reported_sales: int = 0
    reported_refunds: int = 0
    commission: int = 0
    net: int = 0
    opening: int = 0
    """What PayTR owed us when the day began."""
    opening_is_known: bool = True
    paid_out: int = 0
    closing: int = 0
    """What PayTR owed us when the day ended, by its own announcement where that could be compared."""
    announced: int | None = None
    """What PayTR announced when it was asked; nothing when the day was too long ago to be compared."""
    since_net: int = 0
    """Net of later days, as far as they had come when PayTR was asked."""
    since_paid: int = 0
    test_sales: int = 0
    test_refunds: int = 0

    @property
    def ours(self) -> int:
        """Our sales less our refunds."""
        return self.sales - self.refunds

    @property
    def gross(self) -> int:
        """PayTR's sales less its refunds."""
        return self.reported_sales - self.reported_refunds

    @property
    def expected_closing(self) -> int:
        """What PayTR must owe us when the day ends."""
        return self.opening + self.net - self.paid_out

    @property
    def announced_closing(self) -> int | None:
        """What it owes us by its announcement, less what has come since, plus what it has paid since."""
        return None if self.announced is None else self.announced - self.since_net + self.since_paid

    @property
    def adds_up(self) -> bool:
        """Say whether all three equations hold without any difference."""
        return (
            self.ours + self.carried - self.surcharge == self.gross
            and self.gross - self.commission == self.net
            and self.closing == self.expected_closing
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """What PayTR said about one day and those around it; `statement` is absent for a day long ago."""

    rows: Sequence[ReportedTransaction]
    statement: PayoutStatement | None
    detail: PayoutDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The outcome for one day."""

    differences: list[Difference]
    totals: dict[str, Totals]
    sales_count: int
    refund_count: int
    pairs: Sequence[Pair]
    """Everything that was matched, also of the days around it."""

    @property
    def totals_as_facts(self) -> dict[str, Any]:
        """The totals as they are kept with the run."""
        return {currency: asdict(totals) for currency, totals in sorted(self.totals.items())}


def compare(
    day: date, entries: Iterable[Entry], reports: Reports, *, opening: dict[str, int] | None
) -> Comparison:
    """Compare one day. `opening` is by currency what PayTR owed us; nothing when that is not known."""
    entries = list(entries)
    pairs = match(entries, reports.rows)
    today = [entry for entry in entries if entry.day == day]
    totals = {
        currency: _totals(day, currency, entries, pairs, reports, opening)
        for currency in _currencies(day, today, pairs, reports, opening)
    }
    found = differences_of(pairs, day)
    for currency, total in totals.items():
        found += _payout_differences(day, currency, total, reports)
        found += _balance_differences(day, currency, total, pairs)
    real = [entry for entry in today if not entry.is_test]
    return Comparison(
        differences=found,
        totals=totals,
        sales_count=sum(not entry.is_refund for entry in real),
        refund_count=sum(entry.is_refund for entry in real),
        pairs=pairs,
    )


def _currencies(
    day: date,
    today: Sequence[Entry],
    pairs: Sequence[Pair],
    reports: Reports,
    opening: dict[str, int] | None,
) -> list[str]:
    found = {entry.currency for entry in today}
    found |= {pair.row.currency for pair in pairs if pair.row and pair.row.day >= day}
    found |= {line.currency for line in reports.detail.lines}
    found |= {currency for currency, amount in (opening or {}).items() if amount}
    if reports.statement:
        found |= {payout.currency for payout in (*reports.statement.paid, *reports.statement.announced)}
    return sorted(found)


def _totals(
    day: date,
    currency: str,
    entries: Sequence[Entry],
    pairs: Sequence[Pair],
    reports: Reports,
    opening: dict[str, int] | None,
) -> Totals:
    ours = [entry for entry in entries if entry.day == day and entry.currency == currency]
    rows = [pair.row for pair in pairs if pair.row is not None and pair.row.currency == currency]
    theirs = [row for row in rows if row.day == day]
    later = [row for row in rows if row.day > day]
    total = Totals(
        sales=sum(entry.amount for entry in ours if not entry.is_refund and not entry.is_test),
        refunds=sum(entry.amount for entry in ours if entry.is_refund and not entry.is_test),
        test_sales=sum(entry.amount for entry in ours if not entry.is_refund and entry.is_test),
        test_refunds=sum(entry.amount for entry in ours if entry.is_refund and entry.is_test),
        reported_sales=sum(row.amount for row in theirs if not row.is_refund),
        reported_refunds=sum(row.amount for row in theirs if row.is_refund),
        commission=sum(signed(row, row.commission) for row in theirs),
        net=sum(signed(row, row.net) for row in theirs),
        since_net=sum(signed(row, row.net) for row in later),
    )
    for pair in pairs:
        _account_for(pair, total, day, currency)
    if reports.statement:
        paid = [payout for payout in reports.statement.paid if payout.currency == currency]
        total.paid_out = sum(payout.net for payout in paid if payout.day == day)
        total.since_paid = sum(payout.net for payout in paid if payout.day > day)
        announced = (p.net for p in reports.statement.announced if p.currency == currency)
        total.announced = sum(announced)
    else:
        total.paid_out = sum(line.amount for line in reports.detail.lines if line.currency == currency)
    _open(total, currency, opening)
    return total


def _account_for(pair: Pair, total: Totals, day: date, currency: str) -> None:
    """Add what this pair makes of the distance between our sum and theirs to the line that explains it."""
    entry, row = pair.entry, pair.row
    distance = 0
    if row is not None and row.day == day and row.currency == currency:
        distance += signed(row, row.amount)
    if entry is not None and entry.day == day and entry.currency == currency:
        distance -= entry.signed
    if pair.day != day:
        total.carried += distance
    elif pair.cause is None:
        total.surcharge -= distance
    else:
        total.differences += distance


def _open(total: Totals, currency: str, opening: dict[str, int] | None) -> None:
    """Set the balance the day begins with; one that is not known is counted back from the end."""
    total.opening_is_known = opening is not None
    if opening is not None:
        total.opening = opening.get(currency, 0)
    elif (closing := total.announced_closing) is not None:
        total.opening = closing - total.net + total.paid_out
    total.closing = total.expected_closing


def _payout_differences(day: date, currency: str, total: Totals, reports: Reports) -> list[Difference]:
    """Hold the day's payout to the orders it is said to consist of."""
    detail = sum(line.amount for line in reports.detail.lines if line.currency == currency)
    if reports.statement is None or detail == total.paid_out:
        return []
    return [_total_difference("payout", currency, total.paid_out, detail, day)]


def _balance_differences(day: date, currency: str, total: Totals, pairs: Sequence[Pair]) -> list[Difference]:
    """Hold the rolled balance to PayTR's announcement; set the closing balance the next day begins with.

    PayTR may announce with a day's delay (it does not say), so an announcement without the later days
    is accepted too. What a wrong row of the report accounts for is no second difference.
    """
    announced, expected = total.announced_closing, total.expected_closing
    if announced is None or expected in {announced, announced + total.since_net}:
        return []
    explained = closing_explained(pairs, day, currency, expected=expected, announced=announced)
    if explained is not None:
        total.closing = explained
        return []
    total.closing = announced
    return [_total_difference("balance", currency, expected, announced, day)]


def _total_difference(check: str, currency: str, ours: int, theirs: int, day: date) -> Difference:
    return Difference(
        cause=DifferenceCause.TOTAL,
        kind="total",
        currency=currency,
        ours=ours,
        theirs=theirs,
        facts={"check": check, "day": day.isoformat()},
    )
