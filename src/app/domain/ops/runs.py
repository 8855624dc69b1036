"""Every run of scheduled work leaves a row: when, how much was due, what became of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import JobRun
from app.lib.clock import now
from app.lib.uow import unit_of_work

NAMED_FAILURES = 3
"""Rows that a run's record names; the log has them all."""


@dataclass
class Tally:
    """What one run counts while it works."""

    found: int = 0
    done: int = 0
    failed: int = 0
    problems: list[str] = field(default_factory=list)
    """The first rows that failed, and why."""

    def fail(self, row: object, error: Exception) -> None:
        """Count a row that failed; the first ones are named."""
        self.failed += 1
        if len(self.problems) < NAMED_FAILURES:
            self.problems.append(f"{row}: {reason_of(error)}")


def reason_of(error: Exception) -> str:
    """Return an error as a line: of a database's error what the server said, without the statement."""
    wrapped = getattr(error, "orig", None)
    cause = (wrapped.__cause__ or wrapped) if isinstance(wrapped, BaseException) else error
    lines = str(cause).splitlines()
    return f"{type(cause).__name__}: {lines[0]}" if lines else type(cause).__name__


@asynccontextmanager
async def recorded_run(session_maker: async_sessionmaker[AsyncSession], name: str) -> AsyncIterator[Tally]:
    """Record a run from start to end; an error is recorded and raised on."""
    async with unit_of_work(session_maker) as session:
        run = JobRun(name=name, started_at=now(), found=0, done=0, failed=0)
        session.add(run)
        await session.flush()
        run_id = run.id
    tally, error = Tally(), None
    try:
        yield tally
    except Exception as problem:
        error = f"{type(problem).__name__}: {problem}"
        raise
    finally:
        async with unit_of_work(session_maker) as session:
            finished = await session.get_one(JobRun, run_id)
            finished.finished_at, finished.error = now(), error or "\n".join(tally.problems) or None
            finished.found, finished.done, finished.failed = tally.found, tally.done, tally.failed
