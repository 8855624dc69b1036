"""The one clock. Services take `at`; only the edges (handlers, tasks, commands) ask what time it is."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

ISTANBUL = ZoneInfo("Europe/Istanbul")


def now() -> datetime:
    """Return the current instant in UTC."""
    return datetime.now(UTC)


def istanbul_date_text(at: datetime) -> str:
    """Return the calendar day of an instant in Türkiye as ISO text."""
    return at.astimezone(ISTANBUL).date().isoformat()
