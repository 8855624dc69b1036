"""Tasks of workspaces: through the real queue, and by the sweep when the queue has lost the job."""

from typing import Any

from redis.asyncio import Redis
from saq import Worker
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import JobRun, WorkspaceStatus
from app.domain.jobs import Job, Queue
from app.domain.workspaces.drivers.fakes import FakeDriver
from app.domain.workspaces.queries import due_transitions
from app.lib.clock import now
from app.lib.settings import Settings
from app.server.plugins import build_workers
from app.tasks import workspaces as tasks
from app.tasks.context import Resources
from tests.domain.workspaces.desk import Desk
from tests.factories import make_customer

Sessions = async_sessionmaker[AsyncSession]


def context_of(resources: Resources) -> Any:
    return {"resources": resources}


async def work_off_the_queue(settings: Settings, resources: Resources) -> None:
    """Run the real worker of the workspaces' queue until the queue is empty."""
    queue = build_workers(settings, resources).get_queue(Queue.WORKSPACES)
    await queue.connect()
    context = context_of(resources)
    worker = Worker(
        queue,
        functions=[(Job.RUN_TRANSITION.value, tasks.run_transition)],
        burst=True,
        dequeue_timeout=0.2,
        startup=lambda running: running.update(context),
    )
    worker.SIGNALS = []
    await worker.start()
    await queue.disconnect()


async def desk_of(session_maker: Sessions) -> Desk:
    return Desk(session_maker, await make_customer(session_maker, name="Acme"), now)


async def runs_of(session_maker: Sessions, name: str) -> list[JobRun]:
    async with session_maker() as session:
        return list(await session.scalars(select(JobRun).where(JobRun.name == name).order_by(JobRun.id)))


async def test_a_wish_reaches_the_worker_through_the_queue(
    settings: Settings, resources: Resources, session_maker: Sessions
) -> None:
    desk = await desk_of(session_maker)
    workspace_id = await desk.create()
    await work_off_the_queue(settings, resources)
    assert (await desk.workspace(workspace_id)).status is WorkspaceStatus.READY


async def test_the_sweep_finds_what_redis_has_lost_and_records_its_run(
    settings: Settings, resources: Resources, session_maker: Sessions, redis: Redis
) -> None:
    desk = await desk_of(session_maker)
    workspace_id = await desk.create()
    await redis.flushdb()
    await tasks.sweep_transitions(context_of(resources))
    await tasks.sweep_transitions(context_of(resources))
    await work_off_the_queue(settings, resources)
    assert (await desk.workspace(workspace_id)).status is WorkspaceStatus.READY
    assert isinstance(resources.driver, FakeDriver)
    assert resources.driver.starts == 1
    await tasks.sweep_transitions(context_of(resources))
    runs = await runs_of(session_maker, "sweep_transitions")
    assert [(run.found, run.done) for run in runs] == [(1, 1), (1, 1), (0, 0)]
    async with session_maker() as session:
        assert list(await due_transitions(session, at=now())) == []


async def test_the_check_notices_an_editor_that_ended_and_records_its_run(
    settings: Settings, resources: Resources, session_maker: Sessions
) -> None:
    desk = await desk_of(session_maker)
    workspace_id = await desk.create()
    await work_off_the_queue(settings, resources)
    assert isinstance(resources.driver, FakeDriver)
    resources.driver.crash(workspace_id)
    await tasks.check_workspaces(context_of(resources))
    await tasks.check_workspaces(context_of(resources))
    assert (await desk.workspace(workspace_id)).status is WorkspaceStatus.STOPPED
    assert [run.found for run in await runs_of(session_maker, "check_workspaces")] == [1, 0]


async def test_a_transition_that_vanished_is_no_error(resources: Resources, session_maker: Sessions) -> None:
    desk = await desk_of(session_maker)
    unknown = str(desk.customer.company.id)
    await tasks.run_transition(context_of(resources), transition_id=unknown)
