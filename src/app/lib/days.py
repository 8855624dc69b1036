"""A run of calendar days in Türkiye, as people ask for them in a form."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.lib.clock import ISTANBUL
from app.lib.errors import InvalidInput
from app.lib.i18n import N_

YEARS = range(2000, 2101)


@dataclass(frozen=True, slots=True)
class Days:
    """Days of the calendar in Türkiye, both included."""

    first: date
    last: date

    @property
    def start(self) -> datetime:
        """When the first day begins."""
        return datetime.combine(self.first, time.min, ISTANBUL)

    @property
    def end(self) -> datetime:
        """When the day after the last begins."""
        return datetime.combine(self.last + timedelta(days=1), time.min, ISTANBUL)


def read_days(first: str, last: str, *, at: datetime, otherwise: date) -> Days:
    """Return the days that were asked for as ISO dates; from `otherwise` until today where nothing was.

    Raises `InvalidInput` at `from` or `to`.
    """
    days = Days(_day(first, "from") or otherwise, _day(last, "to") or at.astimezone(ISTANBUL).date())
    if days.last < days.first:
        raise InvalidInput(N_("The last day lies before the first."), field="to")
    return days


def _day(text: str, field: str) -> date | None:
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        day = date.min
    if day.year not in YEARS:
        raise InvalidInput(N_("Write a day such as 2026-11-22."), field=field)
    return day
