"""Tasks of workspaces: carrying out what was asked, and the sweeps behind it."""

from uuid import UUID

from saq.types import Context

from app.domain.jobs import Job
from app.domain.ops.runs import recorded_run
from app.domain.workspaces import lifecycle, queries
from app.domain.workspaces.attempts import Machinery
from app.lib.clock import now
from app.lib.uow import defer, unit_of_work
from app.tasks.context import Resources, resources_of


def machinery_of(resources: Resources) -> Machinery:
    """Return what carrying out takes."""
    return Machinery(
        session_maker=resources.session_maker,
        driver=resources.driver,
        routes=resources.routes,
        redis=resources.redis,
        keys=resources.settings.keys,
    )


async def run_transition(context: Context, *, transition_id: str) -> None:
    """Carry out one start, stop or delete."""
    await lifecycle.run_transition(machinery_of(resources_of(context)), UUID(transition_id))


async def sweep_transitions(context: Context) -> None:
    """Hand out what no worker holds: jobs that Redis lost, and attempts whose worker died."""
    resources = resources_of(context)
    async with recorded_run(resources.session_maker, "sweep_transitions") as tally:
        async with unit_of_work(resources.session_maker) as session:
            due = await queries.due_transitions(session, at=now())
            for transition_id in due:
                defer(session, Job.RUN_TRANSITION, transition_id=str(transition_id))
        tally.found = tally.done = len(due)


async def check_workspaces(context: Context) -> None:
    """Compare what is believed to run with what does."""
    resources = resources_of(context)
    async with recorded_run(resources.session_maker, "check_workspaces") as tally:
        tally.found = tally.done = await lifecycle.check_workspaces(machinery_of(resources))
