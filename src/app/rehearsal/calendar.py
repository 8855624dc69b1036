"""At which instants a rehearsal lets the engine run: once a day over months, every hour over days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.lib.clock import ISTANBUL

MORNING: Final = 9
"""At which hour of Türkiye the engine runs where it runs once a day."""
LAST_LOOK: Final = timedelta(minutes=3)
"""So long before midnight the engine runs once more; what falls due after it is told with the next day."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Instants in their order, and how soon what began at one of them is followed up."""

    instants: Sequence[datetime]
    follow_up: timedelta
    """Answers, callbacks and letters come so much later; what follows one instant ends before the next."""


def daily(start: datetime, end: datetime) -> Calendar:
    """Return every morning after `start` and before `end`."""
    morning = start.astimezone(ISTANBUL).replace(hour=MORNING, minute=0, second=0, microsecond=0)
    return Calendar(_every(timedelta(days=1), morning, start, end), timedelta(minutes=2))


def hourly(start: datetime, end: datetime) -> Calendar:
    """Return `start`, every full hour up to `end`, and a last look before each midnight.

    So whatever happens has its right day. A charge is sent a minute after it was written down, as where the
    queue is away, and is answered on the same day.
    """
    hour = start.astimezone(ISTANBUL).replace(minute=0, second=0, microsecond=0)
    hours = _every(timedelta(hours=1), hour, start, end)
    midnights = [at for at in hours if at.hour == 0] + ([end] if end.astimezone(ISTANBUL).hour == 0 else [])
    looks = [at.astimezone(ISTANBUL) - LAST_LOOK for at in midnights if at - LAST_LOOK > start]
    return Calendar(sorted([start, *hours, *looks]), timedelta(seconds=70))


def _every(step: timedelta, first: datetime, start: datetime, end: datetime) -> list[datetime]:
    count = -((first - end) // step)
    return [at for at in (first + number * step for number in range(count)) if start < at < end]
