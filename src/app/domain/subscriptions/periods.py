"""Periods on the calendar of Europe/Istanbul, always computed from the anchor.

31 January gives 28 February, then 31 March: the day of the anchor is kept and only clamped to the month.
Computing from the previous period's end instead would drift (31 → 28 → 28).
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from app.db.models import Interval
from app.lib.clock import ISTANBUL

MONTHS = {Interval.MONTH: 1, Interval.YEAR: 12}


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` (included) to `end` (excluded)."""

    start: datetime
    end: datetime


def boundary(anchor: datetime, interval: Interval, index: int) -> datetime:
    """Return the instant `index` intervals after the anchor, same local time, day clamped to the month."""
    local = anchor.astimezone(ISTANBUL)
    months = local.year * 12 + local.month - 1 + index * MONTHS[interval]
    year, month = divmod(months, 12)
    day = min(local.day, monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day).astimezone(UTC)


def first_period(at: datetime, interval: Interval) -> Period:
    """Return the period that begins now and sets the anchor."""
    return Period(at, boundary(at, interval, 1))


def following_period(anchor: datetime, interval: Interval, end: datetime) -> tuple[datetime, Period]:
    """Return the period that begins at `end`, and its anchor.

    The anchor stays while `end` is one of its boundaries; after a change of interval it moves to `end`.
    """
    index = next(index for index in count(1) if boundary(anchor, interval, index) >= end)
    if boundary(anchor, interval, index) == end:
        return anchor, Period(end, boundary(anchor, interval, index + 1))
    return end, first_period(end, interval)
