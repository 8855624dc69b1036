"""What prices are worth for the seconds they were held: exact fractions, rounded once, half up.

A period is worth the sum of its slices, each a price times its share of the period's seconds. What has been
charged for it is that sum, rounded. So a change costs each period's rounded value with the new price less
the rounded value without it, and any number of changes adds up to the kuruş. Counting from the last charge
instead charges the second change of a period too much (billing-rules.md §3, row 14).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import groupby, pairwise

from app.domain.subscriptions.periods import Period

SECOND = timedelta(seconds=1)
TICK = timedelta.resolution


@dataclass(frozen=True, slots=True)
class Slice:
    """From `starts_at` to the next slice of its period, or the period's end, a price is held.

    `gross` is the price of a whole period in minor units. Of two slices that start together the later one
    of the sequence counts.
    """

    period: Period
    starts_at: datetime
    gross: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What a change makes of the value held, in minor units; each period's value is rounded once."""

    before: int
    after: int

    @property
    def amount(self) -> int:
        """What is to be charged; what is to be given back when negative."""
        return self.after - self.before


def running(slices: Sequence[Slice], covered: Period) -> list[Slice]:
    """Return the slices of the periods that follow each other up to the end of `covered`, in order.

    `slices` come as they were written. What was paid for a period that a new one has replaced is no part of
    it; where both end together, the one written later is meant.
    """
    found: list[Slice] = []
    end = covered.end
    while end > covered.start:
        ending = [one.period for one in slices if one.period.end == end and one.period.start >= covered.start]
        if not ending:
            break
        members = [one for one in slices if one.period == ending[-1]]
        found = sorted(members, key=lambda one: one.starts_at) + found
        end = ending[-1].start
    return found


def value_of(slices: Sequence[Slice]) -> Fraction:
    """Return what ordered slices are worth together, exactly."""
    total = Fraction(0)
    for period, members in groupby(slices, key=lambda member: member.period):
        held = list(members)
        ends = [later.starts_at for _, later in pairwise(held)] + [period.end]
        for member, end in zip(held, ends, strict=True):
            total += member.gross * _share(end - member.starts_at, period)
    return total


def difference(slices: Sequence[Slice], gross: int, at: datetime) -> Difference:
    """Return the value held before and after another price counts from `at` to the end of what is paid."""
    return Difference(_charged(slices), _charged(with_price(slices, gross, at)))


def unused(slices: Sequence[Slice], at: datetime) -> int:
    """Return what is left at `at` of what was charged, in minor units: a change to a price of nothing."""
    return -difference(slices, 0, at).amount


def with_price(slices: Sequence[Slice], gross: int, at: datetime) -> list[Slice]:
    """Return ordered slices with another price from `at` on, in every period that ends later."""
    changed: list[Slice] = []
    for period, members in groupby(slices, key=lambda member: member.period):
        changed += members
        if period.end > at:
            if changed[-1].starts_at > at > period.start:
                raise ValueError("a change begins no earlier than the one before it")
            changed.append(Slice(period, max(period.start, at), gross))
    return changed


def instant_of_change(slices: Sequence[Slice], at: datetime) -> datetime:
    """Return the instant from which a change that is asked for at `at` counts.

    Whole seconds before the running period's end, in the customer's favour, and never before the last
    change. Raises `LookupError` when no period runs.
    """
    period = period_at(slices, at)
    left = -((at - period.end) // SECOND)
    latest = max(member.starts_at for member in slices if member.period == period)
    return max(period.end - left * SECOND, latest)


def period_at(slices: Sequence[Slice], at: datetime) -> Period:
    """Return the paid period that runs at `at`; raises `LookupError` when none does."""
    for member in slices:
        if member.period.start <= at < member.period.end:
            return member.period
    raise LookupError(f"no period runs at {at.isoformat()}")


def rounded(value: Fraction) -> int:
    """Return a value that is not negative in whole minor units, half up."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def _charged(slices: Sequence[Slice]) -> int:
    by_period = groupby(slices, key=lambda member: member.period)
    return sum(rounded(value_of(list(members))) for _, members in by_period)


def _share(part: timedelta, period: Period) -> Fraction:
    return Fraction(part // TICK, (period.end - period.start) // TICK)
