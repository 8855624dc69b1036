"""Banking days in Türkiye: Monday to Friday without the public holidays that fall on a fixed date.

Religious holidays move with the moon and are left out: a sandbox pays out on them, PayTR does not.
"""

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

FIXED_HOLIDAYS: Final = frozenset({(1, 1), (4, 23), (5, 1), (5, 19), (7, 15), (8, 30), (10, 29)})
"""Month and day, after Law 2429 on national and general holidays."""

_SATURDAY: Final = 5


def is_business_day(day: date) -> bool:
    """Say whether banks work on a day."""
    return day.weekday() < _SATURDAY and (day.month, day.day) not in FIXED_HOLIDAYS


@lru_cache(maxsize=1024)
def business_days_after(day: date, count: int) -> date:
    """Return the `count`-th business day after a day; with 0 the day itself or the next business day."""
    if count == 0:
        return day if is_business_day(day) else business_days_after(day, 1)
    for _ in range(count):
        day += timedelta(days=1)
        while not is_business_day(day):
            day += timedelta(days=1)
    return day
