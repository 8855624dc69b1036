"""Keeping tables small."""

from datetime import timedelta

from saq.types import Context
from sqlalchemy import delete

from app.db.models import JobRun
from app.domain.ops.runs import recorded_run
from app.lib.clock import now
from app.lib.uow import unit_of_work
from app.tasks.context import resources_of

KEEP_IDLE_RUNS = timedelta(days=7)


async def forget_idle_runs(context: Context) -> None:
    """Remove old records of runs that found nothing and failed on nothing."""
    resources = resources_of(context)
    old = delete(JobRun).where(
        JobRun.started_at < now() - KEEP_IDLE_RUNS, JobRun.found == 0, JobRun.error.is_(None)
    )
    async with (
        recorded_run(resources.session_maker, "forget_idle_runs") as tally,
        unit_of_work(resources.session_maker) as session,
    ):
        tally.found = tally.done = len((await session.execute(old.returning(JobRun.id))).all())
