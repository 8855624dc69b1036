"""The one clock. Services take `at`; only the edges (handlers, tasks, commands) ask what time it is."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

ISTANBUL = ZoneInfo("Europe/Istanbul")


def now() -> datetime:
    """Return the current instant in UTC."""
    return datetime.now(UTC)
