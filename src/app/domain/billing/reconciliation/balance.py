"""Whether a balance that is off is news, or follows from rows that PayTR's report alone has wrong.

When a row is doubled, lost or wrong in the report only, the payouts still rest on the truth, which is then
our book: the sums differ by exactly what those rows account for, and each has its difference already.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import product

from app.db.models import DifferenceCause
from app.domain.billing.reconciliation.rules import Pair, signed
from app.domain.payments.values import ReportedTransaction

MOST_COMMISSION_PERCENT = 10
"""What a lost row may have cost when no other row tells; more would be news of its own."""


def closing_explained(
    pairs: Sequence[Pair], day: date, currency: str, *, expected: int, announced: int
) -> int | None:
    """Return what PayTR owes when the day ends, if wrong rows account for the gap; nothing if they do not.

    `expected` rolls the report's nets; `announced` takes those of later days off what PayTR announces, so
    rows of later days that are wrong shift it as well.
    """
    gap = expected - announced
    on_day = sum(_excess(pair, currency) for pair in pairs if pair.row and pair.row.day == day)
    later = sum(_excess(pair, currency) for pair in pairs if pair.row and pair.row.day > day)
    earlier = -sum(_dated_back(pair, day, currency) for pair in pairs)
    for wrong_here, late, wrong_later in product((on_day, 0), (earlier, 0), (later, 0)):
        if gap == wrong_here + late + wrong_later:
            return expected - wrong_here - late
    lost_here = _lost(pair for pair in pairs if pair.entry and pair.entry.day == day)
    lost_later = _lost(pair for pair in pairs if pair.entry and pair.entry.day > day)
    rows = [pair.row for pair in pairs if pair.row and pair.row.currency == currency]
    lost = lost_here.get(currency, 0) + lost_later.get(currency, 0)
    for wrong_here, late, wrong_later in ((on_day, earlier, later), (0, 0, 0)):
        if _is_net_of(wrong_here + late + wrong_later - gap, lost, rows):
            return announced + wrong_later if lost_here.get(currency) else expected - wrong_here - late
    return None


def _dated_back(pair: Pair, day: date, currency: str) -> int:
    """Return the net of money of this day whose row has an earlier one, compared before the row was there."""
    entry, row = pair.entry, pair.row
    if entry is None or row is None or row.currency != currency:
        return 0
    return signed(row, row.net) if row.day < day == entry.day else 0


def _excess(pair: Pair, currency: str) -> int:
    """Return by how much the report's nets exceed the truth, if the report alone is wrong about this row."""
    entry, row = pair.entry, pair.row
    if row is None:
        return 0
    if pair.cause is DifferenceCause.DUPLICATED:
        return signed(row, row.net) if row.currency == currency else 0
    if entry is None:
        return 0
    if pair.cause is DifferenceCause.AMOUNT:
        return signed(row, row.amount - entry.amount) if row.currency == currency else 0
    if pair.cause is DifferenceCause.CURRENCY:
        return signed(row, row.net) * ((row.currency == currency) - (entry.currency == currency))
    return 0


def _lost(pairs: Iterable[Pair]) -> dict[str, int]:
    """Return by currency the gross of what the report does not have."""
    lost: dict[str, int] = {}
    for pair in pairs:
        if pair.cause is DifferenceCause.MISSING_THERE and pair.entry is not None:
            lost[pair.entry.currency] = lost.get(pair.entry.currency, 0) + pair.entry.signed
    return lost


def _is_net_of(net: int, gross: int, rows: Sequence[ReportedTransaction]) -> bool:
    """Say whether one may be the net of the other: same direction, commission as in the rows at hand."""
    if gross == 0 or (net > 0) != (gross > 0):
        return False
    size = abs(gross)
    costs = [row.commission * size // row.amount for row in rows if row.amount > 0]
    least, most = (min(costs), max(costs)) if costs else (0, size * MOST_COMMISSION_PERCENT // 100)
    rounding = 2
    return least - rounding <= size - abs(net) <= most + rounding
