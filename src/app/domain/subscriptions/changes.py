"""When another plan or interval begins to count (product §3): more at once, less at the period's end."""

from dataclasses import dataclass
from enum import StrEnum

from app.db.models import Interval
from app.domain.subscriptions.periods import MONTHS


class ChangeTiming(StrEnum):
    """From when a change counts."""

    WITHIN_PERIOD = "within_period"
    """At once; the period stays, and the difference for the rest of it is charged."""
    NEW_PERIOD = "new_period"
    """At once, with a period of its own; what is left of the old one becomes credit."""
    AT_PERIOD_END = "at_period_end"
    """With the next period; nothing is charged before."""


@dataclass(frozen=True, slots=True)
class Terms:
    """A plan's place among the plans, from small to large, and how long one payment lasts."""

    rank: int
    interval: Interval


def timing_of(held: Terms, wanted: Terms) -> ChangeTiming | None:
    """Return when a change counts, or nothing when it changes nothing."""
    if wanted == held:
        return None
    longer = MONTHS[wanted.interval] > MONTHS[held.interval]
    if wanted.rank < held.rank or (wanted.rank == held.rank and not longer):
        return ChangeTiming.AT_PERIOD_END
    return ChangeTiming.WITHIN_PERIOD if wanted.interval is held.interval else ChangeTiming.NEW_PERIOD
