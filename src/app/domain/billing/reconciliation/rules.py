"""Reconciliation as pure rules: our entries of some days beside PayTR's rows, and what does not meet.

A pair belongs to the later of its two days, because only then have both sides been written: nothing is
reported on two days, and nothing on none. Sources: paytr.md §13 (reports), §11 (surcharge on refunds).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.db.models import DifferenceCause
from app.domain.payments.values import ReportedTransaction

Cause = DifferenceCause


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One sale or refund of our book, in minor units; `day` is Türkiye's."""

    is_refund: bool
    merchant_oid: str
    amount: int
    currency: str
    day: date
    reference: str | None = None
    """Of a refund; PayTR's report does not name it, so it only tells ours apart."""
    surcharge: int = 0
    """What PayTR may return above a refund that completes the principal (paytr.md §11)."""
    is_test: bool = False
    has_met: bool = False
    """Its own day was compared before, and it met its row then."""

    @property
    def signed(self) -> int:
        """The amount as it counts in a sum."""
        return -self.amount if self.is_refund else self.amount


@dataclass(frozen=True, slots=True)
class Pair:
    """An entry of ours and a row of theirs that belong together, or one of them alone."""

    entry: Entry | None
    row: ReportedTransaction | None
    cause: Cause | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def day(self) -> date:
        """The day whose comparison speaks of it."""
        return max(side.day for side in (self.entry, self.row) if side is not None)

    @property
    def kind(self) -> str:
        """`sale` or `refund`."""
        side = self.entry or self.row
        return "refund" if side is not None and side.is_refund else "sale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that does not meet; amounts in minor units of `currency`, which is ours where we have one."""

    cause: Cause
    kind: str
    currency: str
    ours: int | None
    theirs: int | None
    merchant_oid: str | None = None
    reference: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def signed(row: ReportedTransaction, amount: int) -> int:
    """Return an amount of a row as it counts in a sum."""
    return -amount if row.is_refund else amount


def match(entries: Iterable[Entry], rows: Iterable[ReportedTransaction]) -> list[Pair]:
    """Pair every entry with the row that speaks of it; what is left over stands alone with its cause.

    Test payments are on neither side: whether PayTR reports them is not documented.
    """
    entries, rows = list(entries), list(rows)
    tests = {entry.merchant_oid for entry in entries if entry.is_test}
    groups: dict[tuple[str, bool], tuple[list[Entry], list[ReportedTransaction]]] = defaultdict(
        lambda: ([], [])
    )
    for entry in entries:
        if not entry.is_test:
            groups[entry.merchant_oid, entry.is_refund][0].append(entry)
    for row in rows:
        if row.merchant_oid not in tests:
            groups[row.merchant_oid, row.is_refund][1].append(row)
    return [pair for _, group in sorted(groups.items()) for pair in _match_group(*group)]


def differences_of(pairs: Iterable[Pair], day: date) -> list[Difference]:
    """Return what the comparison of `day` reports about single entries and rows."""
    owned = [pair for pair in pairs if pair.day == day]
    found = [_difference(pair, pair.cause) for pair in owned if pair.cause is not None]
    return found + [
        Difference(
            cause=Cause.TOTAL,
            kind=pair.kind,
            currency=pair.row.currency,
            ours=pair.row.amount - pair.row.commission,
            theirs=pair.row.net,
            merchant_oid=pair.row.merchant_oid,
            facts={"check": "row"},
        )
        for pair in pairs
        if pair.row is not None
        and pair.row.day == day
        and pair.row.amount != pair.row.net + pair.row.commission
    ]


Agreement = Callable[[Entry, ReportedTransaction], bool]


def _is_near(entry: Entry, row: ReportedTransaction) -> bool:
    """Say whether two sides that differ may still be one: a sale by its oid, a refund by its day as well."""
    return not entry.is_refund or abs((entry.day - row.day).days) <= 1


PASSES: tuple[tuple[Cause | None, Agreement], ...] = (
    (None, lambda entry, row: (entry.amount, entry.currency) == (row.amount, row.currency)),
    (
        None,
        lambda entry, row: (
            entry.surcharge > 0
            and (entry.amount + entry.surcharge, entry.currency) == (row.amount, row.currency)
        ),
    ),
    (Cause.CURRENCY, lambda entry, row: entry.amount == row.amount and _is_near(entry, row)),
    (Cause.AMOUNT, lambda entry, row: entry.currency == row.currency and _is_near(entry, row)),
    (Cause.CURRENCY, _is_near),
)
"""From what agrees best to what agrees least; each pass prefers equal days, then the nearest."""


def _match_group(entries: Sequence[Entry], rows: Sequence[ReportedTransaction]) -> Iterator[Pair]:
    """Match the sales, or the refunds, of one order: several refunds may be equal to the kuruş."""
    open_entries = sorted(
        (entry for entry in entries if not entry.has_met),
        key=lambda entry: (entry.day, entry.amount, entry.reference or ""),
    )
    open_rows = sorted(rows, key=lambda row: (row.day, row.amount, row.currency))
    placed: list[Entry | ReportedTransaction] = [entry for entry in entries if entry.has_met]
    for cause, agree in PASSES:
        for entry, row in _closest(open_entries, open_rows, agree):
            open_entries.remove(entry)
            open_rows.remove(row)
            placed.append(row)
            yield _pair(entry, row, cause)
    for row in open_rows:
        yield Pair(None, row, Cause.DUPLICATED if _repeats(row, placed) else Cause.MISSING_HERE)
        placed.append(row)
    for entry in open_entries:
        yield Pair(entry, None, Cause.MISSING_THERE)


def _closest(
    entries: Sequence[Entry], rows: Sequence[ReportedTransaction], agree: Agreement
) -> list[tuple[Entry, ReportedTransaction]]:
    """Return disjoint agreeing pairs, those with the fewest days between them first."""
    candidates = sorted(
        (abs((entry.day - row.day).days), i, j)
        for i, entry in enumerate(entries)
        for j, row in enumerate(rows)
        if agree(entry, row)
    )
    taken_entries: set[int] = set()
    taken_rows: set[int] = set()
    chosen = []
    for _, i, j in candidates:
        if i not in taken_entries and j not in taken_rows:
            taken_entries.add(i)
            taken_rows.add(j)
            chosen.append((entries[i], rows[j]))
    return chosen


def _pair(entry: Entry, row: ReportedTransaction, cause: Cause | None) -> Pair:
    facts: dict[str, Any] = {}
    if entry.day != row.day:
        cause = cause or Cause.DATE
        facts |= {"our_day": entry.day.isoformat(), "their_day": row.day.isoformat()}
    if entry.currency != row.currency:
        facts["their_currency"] = row.currency
    if cause in {None, Cause.DATE} and row.amount != entry.amount:
        facts["surcharge"] = row.amount - entry.amount
    return Pair(entry, row, cause, facts)


def _repeats(row: ReportedTransaction, placed: Iterable[Entry | ReportedTransaction]) -> bool:
    """Say whether a row that is left over says again what is placed already.

    An order is sold once, so any further sale of it is a repeat. Refunds of one order may be many: only
    an equal amount repeats one, of the same day where the day is known from PayTR.
    """
    if not row.is_refund:
        return any(True for _ in placed)
    return any(
        (other.amount, other.currency) == (row.amount, row.currency)
        and (isinstance(other, Entry) or other.day == row.day)
        for other in placed
    )


def _difference(pair: Pair, cause: Cause) -> Difference:
    entry, row = pair.entry, pair.row
    side = entry or row
    assert side is not None
    return Difference(
        cause=cause,
        kind=pair.kind,
        currency=side.currency,
        ours=entry.amount if entry else None,
        theirs=row.amount if row else None,
        merchant_oid=side.merchant_oid,
        reference=entry.reference if entry else None,
        facts=pair.facts,
    )
