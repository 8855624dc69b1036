"""Business counters, raised after the commit only."""

from prometheus_client import Counter
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

callbacks = Counter("tezgah_paytr_callbacks_total", "Callbacks by what they did", ("outcome",))
checkouts = Counter("tezgah_checkouts_total", "Checkouts by what PayTR answered", ("result",))
registrations = Counter("tezgah_registrations_total", "Companies that signed up")


def count_after_commit(session: AsyncSession, counter: Counter) -> None:
    """Raise the counter once this session's transaction has held; the edge of the request commits it."""
    event.listen(session.sync_session, "after_commit", lambda _: counter.inc(), once=True)
