"""Carrying wishes out: to the end, once, by one worker, whatever dies in between."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import AuditEntry, WorkspaceStatus
from app.domain.workspaces import lifecycle
from app.domain.workspaces.attempts import EVENT, Machinery
from app.domain.workspaces.drivers.fakes import (
    BACKEND_URL,
    FAILURE,
    FailingDriver,
    FakeDriver,
    NeverDriver,
    SlowDriver,
)
from app.domain.workspaces.lifecycle import check_workspaces, run_transition
from app.domain.workspaces.routing import Route
from app.domain.workspaces.views import steps_of
from app.lib.events import channel_of
from tests.domain.workspaces.desk import Clock, Desk, open_transition, routed, with_driver, work_off

Sessions = async_sessionmaker[AsyncSession]
W = WorkspaceStatus


async def test_a_workspace_lives_from_creation_to_deletion(desk: Desk, machinery: Machinery) -> None:
    driver = machinery.driver
    assert isinstance(driver, FakeDriver)
    workspace_id = await desk.create()
    assert await work_off(machinery) == 1
    ready = await desk.workspace(workspace_id)
    assert (ready.status, ready.backend_url, ready.driver) == (W.READY, BACKEND_URL, "fake")
    assert await driver.poll(ready.driver_state) is None
    assert await routed(machinery, workspace_id) == BACKEND_URL

    await desk.stop(workspace_id)
    assert await work_off(machinery) == 1
    stopped = await desk.workspace(workspace_id)
    assert (stopped.status, stopped.backend_url) == (W.STOPPED, None)
    assert not driver.running
    assert driver.files == {workspace_id}
    assert await routed(machinery, workspace_id) is None

    await desk.start(workspace_id)
    await work_off(machinery)
    await desk.delete(workspace_id)
    await work_off(machinery)
    deleted = await desk.workspace(workspace_id)
    assert (deleted.status, deleted.deleted_at) == (W.DELETED, machinery.clock())
    assert not driver.running
    assert not driver.files
    assert await routed(machinery, workspace_id) is None
    assert await work_off(machinery) == 0


async def test_steps_are_planned_at_once_and_timed_as_they_happen(
    desk: Desk, machinery: Machinery, clock: Clock
) -> None:
    async def boot() -> None:
        clock.advance(seconds=2)

    workspace_id = await desk.create()
    await work_off(with_driver(machinery, SlowDriver(boot)))
    transition = await open_transition(desk, workspace_id)
    names = [step["name"] for step in transition.steps]
    assert names == [*FakeDriver.start_steps, lifecycle.OPEN_ADDRESS]
    assert all(step["started_at"] and step["finished_at"] for step in transition.steps)
    assert [step.seconds for step in steps_of(transition)] == [0, 2, 0]


async def test_a_step_is_seen_and_announced_while_it_runs(desk: Desk, machinery: Machinery) -> None:
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def boot() -> None:
        inside.set()
        await go_on.wait()

    workspace_id = await desk.create()
    async with machinery.redis.pubsub() as pubsub:
        await pubsub.subscribe(channel_of(desk.customer.company.id))
        await pubsub.get_message(timeout=1)
        work = asyncio.create_task(work_off(with_driver(machinery, SlowDriver(boot))))
        await asyncio.wait_for(inside.wait(), 5)
        message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=2)
        first, second, third = (await open_transition(desk, workspace_id)).steps
        go_on.set()
        await work
    assert message is not None
    assert message["data"] == EVENT
    assert first["finished_at"]
    assert second["started_at"]
    assert not second["finished_at"]
    assert not third["started_at"]


@pytest.mark.parametrize("kind", ["start", "stop", "delete"])
async def test_running_a_finished_transition_again_changes_nothing(
    kind: str, desk: Desk, machinery: Machinery, session_maker: Sessions
) -> None:
    workspace_id = await desk.create()
    await work_off(machinery)
    if kind != "start":
        await getattr(desk, kind)(workspace_id)
        await work_off(machinery)
    transition = await open_transition(desk, workspace_id)
    before = await facts(desk, session_maker, workspace_id)
    await run_transition(machinery, transition.id)
    assert await facts(desk, session_maker, workspace_id) == before


async def test_ten_workers_at_once_start_it_once(desk: Desk, machinery: Machinery) -> None:
    driver = machinery.driver
    assert isinstance(driver, FakeDriver)
    workspace_id = await desk.create()
    transition = await open_transition(desk, workspace_id)
    await asyncio.gather(*(run_transition(machinery, transition.id) for _ in range(10)))
    assert driver.starts == 1
    assert (await open_transition(desk, workspace_id)).attempts == 1


async def test_an_unknown_transition_is_nothing_to_do(machinery: Machinery, desk: Desk) -> None:
    await run_transition(machinery, desk.customer.company.id)


@pytest.mark.parametrize(
    ("driver", "sentence"),
    [
        (FailingDriver(), FAILURE),
        (NeverDriver(), "A step took too long and was given up. Try again."),
    ],
)
async def test_a_failed_start_says_why_and_can_be_tried_again(
    driver: FakeDriver, sentence: str, desk: Desk, machinery: Machinery
) -> None:
    workspace_id = await desk.create()
    await work_off(with_driver(machinery, driver))
    workspace, transition = await desk.workspace(workspace_id), await open_transition(desk, workspace_id)
    assert (workspace.status, workspace.last_error, transition.error) == (W.FAILED, sentence, sentence)
    assert transition.finished_at is not None
    assert not driver.running
    assert await routed(machinery, workspace_id) is None
    await desk.start(workspace_id)
    await work_off(machinery)
    mended = await desk.workspace(workspace_id)
    assert (mended.status, mended.last_error) == (W.READY, None)


async def test_a_start_is_refused_when_the_trial_ended_while_it_waited(
    desk: Desk, machinery: Machinery, clock: Clock
) -> None:
    workspace_id = await desk.create()
    clock.advance(days=15)
    await work_off(machinery)
    workspace = await desk.workspace(workspace_id)
    assert workspace.status is W.FAILED
    assert "subscription" in (workspace.last_error or "")
    assert isinstance(machinery.driver, FakeDriver)
    assert machinery.driver.starts == 0


async def test_one_that_ended_by_itself_is_noticed_and_told(desk: Desk, machinery: Machinery) -> None:
    driver = machinery.driver
    assert isinstance(driver, FakeDriver)
    workspace_id = await desk.create()
    await work_off(machinery)
    assert await check_workspaces(machinery) == 0
    driver.crash(workspace_id)
    assert await check_workspaces(machinery) == 1
    assert await check_workspaces(machinery) == 0
    workspace = await desk.workspace(workspace_id)
    assert (workspace.status, workspace.last_error) == (W.STOPPED, lifecycle.GONE)
    assert await routed(machinery, workspace_id) is None
    await desk.start(workspace_id)
    await work_off(machinery)
    assert (await desk.workspace(workspace_id)).status is W.READY


async def test_routes_that_redis_lost_are_written_again(desk: Desk, machinery: Machinery) -> None:
    kept, lost = await desk.create("kept"), await desk.create("lost")
    await work_off(machinery)
    await machinery.routes.remove(lost)
    await check_workspaces(machinery)
    assert await routed(machinery, lost) == BACKEND_URL
    assert await routed(machinery, kept) == BACKEND_URL
    assert await machinery.routes.restore([Route(kept, "kept--acme", BACKEND_URL)]) == 0


async def facts(desk: Desk, session_maker: Sessions, workspace_id: UUID) -> tuple[object, ...]:
    """Return all that a second run could have changed."""
    workspace = await desk.workspace(workspace_id)
    transitions = await desk.transitions(workspace_id)
    async with session_maker() as session:
        audited = await session.scalar(select(func.count()).select_from(AuditEntry))
    return (
        workspace.status,
        workspace.driver_state,
        workspace.ready_at,
        [(t.attempts, t.steps, t.finished_at) for t in transitions],
        audited,
    )
