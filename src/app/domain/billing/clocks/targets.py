"""Reading to where a clock is to be moved: an instant, or how much later on the calendar of Türkiye."""

import re
from datetime import UTC, datetime, timedelta

from app.db.models import Interval
from app.domain.subscriptions.periods import boundary
from app.lib.clock import ISTANBUL
from app.lib.errors import InvalidInput
from app.lib.i18n import N_

SPAN = re.compile(r"([1-9][0-9]{0,3})\s*([dwmy])", re.ASCII)
PRESETS = ("1d", "7d", "1m", "1y")
DAYS = {"d": 1, "w": 7}
INTERVALS = {"m": Interval.MONTH, "y": Interval.YEAR}


def later(at: datetime, span: str) -> datetime:
    """Return the instant a span after `at`: `3d`, `2w`, `1m`, `1y`; a month clamps to its last day."""
    found = SPAN.fullmatch(span.strip().lower())
    if found is None:
        raise InvalidInput(
            N_("Write a number with d, w, m or y behind it: 7d is seven days, 1m is a month."), field="by"
        )
    count, unit = int(found[1]), found[2]
    if unit in DAYS:
        return (at.astimezone(ISTANBUL) + timedelta(days=count * DAYS[unit])).astimezone(UTC)
    try:
        return boundary(at, INTERVALS[unit], count)
    except (ValueError, OverflowError) as error:
        too_far = N_("A clock is moved by five years at most. Move it twice.")
        raise InvalidInput(too_far, field="by") from error


def instant_of(text: str) -> datetime:
    """Return an ISO date or instant; without an offset it is local time of Türkiye."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidInput(N_("Write a date and time such as 2027-03-01 09:00."), field="to") from error
    return (found if found.tzinfo else found.replace(tzinfo=ISTANBUL)).astimezone(UTC)
