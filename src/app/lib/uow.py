"""Transactions: nobody commits but the edge, and nothing is enqueued before the commit.

A service calls `defer`; the job waits in the session and leaves only after the commit has held. The
queue is the fast path: every follow-up also has a due column, so a lost job costs time, never work.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.lib.openings import open_with
from app.lib.statements import DriverTransaction

DEFERRED = "deferred_jobs"
ENQUEUE = "enqueue"


@dataclass(frozen=True, slots=True)
class Deferred:
    """A job that waits for the commit; `arguments` are ids and plain values only."""

    job: str
    key: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)


Enqueue = Callable[[Sequence[Deferred]], Awaitable[None]]


class Carrier(Protocol):
    """A transaction of either kind: what waits for its commit travels in `info`."""

    @property
    def info(self) -> dict[Any, Any]: ...


def defer(session: Carrier, job: str, *, key: str | None = None, **arguments: Any) -> None:
    """Enqueue `job` once this session has committed; a key names the occasion, so that it runs once."""
    session.info.setdefault(DEFERRED, []).append(Deferred(job, key, arguments))


async def commit(session: AsyncSession) -> None:
    """Commit, then hand the deferred jobs to the queue; a failed commit raises and enqueues nothing."""
    await session.commit()
    await hand_over(session)


async def hand_over(committed: Carrier) -> None:
    """Enqueue what waited for this commit."""
    deferred: list[Deferred] = committed.info.pop(DEFERRED, [])
    enqueue: Enqueue | None = committed.info.get(ENQUEUE)
    if deferred and enqueue is not None:
        await enqueue(deferred)


async def roll_back(session: AsyncSession) -> None:
    """Undo the transaction and forget its jobs; what was read stays readable, for the page that says why."""
    session.info.pop(DEFERRED, None)
    session.expunge_all()
    await session.rollback()


@asynccontextmanager
async def unit_of_work(session_maker: async_sessionmaker[AsyncSession]) -> AsyncIterator[AsyncSession]:
    """One transaction of a task, a command or a stream: committed at the end, rolled back on any error."""
    async with session_maker() as session:
        try:
            yield session
            await commit(session)
        except BaseException:
            await roll_back(session)
            raise


@asynccontextmanager
async def driver_unit_of_work(
    session_maker: async_sessionmaker[AsyncSession],
) -> AsyncIterator[DriverTransaction]:
    """One transaction around the mapper, on a connection of the same pool; ends as `unit_of_work` does.

    Its locks are free before the disk has its commit, and it returns after (docs/adr/0017).
    """
    fairy = await session_maker.kw["bind"].raw_connection()
    transaction = DriverTransaction(fairy.driver_connection, dict(session_maker.kw.get("info") or {}))
    open_with(fairy.driver_connection, transaction.info)
    ended = False
    try:
        await transaction.begin()
        try:
            yield transaction
        except BaseException:
            await transaction.roll_back()
            ended = True
            raise
        await transaction.commit()
        ended = True
    finally:
        if not ended:
            fairy.invalidate()  # cut off in the middle: nobody may find its transaction open
        fairy.close()
    await hand_over(transaction)
