"""The one clock. Services take `at`; only the edges (handlers, tasks, commands) ask what time it is.

In development and test a company may live on a test clock. What runs for it runs inside `standing_at`, so
that its edges ask as always and are told the company's time (docs/adr/0024).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

ISTANBUL = ZoneInfo("Europe/Istanbul")
_standing: ContextVar[datetime | None] = ContextVar("standing_clock", default=None)


def now() -> datetime:
    """Return the current instant in UTC, or where the clock of the company stands that this work is for."""
    return _standing.get() or real_now()


def real_now() -> datetime:
    """Return the current instant in UTC for what no test clock moves: leases, and records of our own runs."""
    return datetime.now(UTC)


@contextmanager
def standing_at(at: datetime | None) -> Iterator[None]:
    """Let `now` answer `at` for whatever runs inside; nothing leaves the clock as it is."""
    token = _standing.set(at or _standing.get())
    try:
        yield
    finally:
        _standing.reset(token)
