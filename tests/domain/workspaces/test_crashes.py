"""Whatever dies in between, the end state equals the undisturbed one."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import WorkspaceStatus, WorkspaceTransition
from app.domain.workspaces import lifecycle
from app.domain.workspaces.attempts import Attempt, Machinery
from app.domain.workspaces.drivers.base import DriverError, DriverState, Report, Running, WorkspaceSpec
from app.domain.workspaces.drivers.fakes import (
    BACKEND_URL,
    FakeDriver,
    SlowDriver,
)
from app.domain.workspaces.lifecycle import GIVEN_UP, MAX_ATTEMPTS, run_transition
from app.domain.workspaces.routing import Routes
from app.lib.clock import now
from tests.domain.workspaces.desk import Clock, Desk, open_transition, routed, with_driver, work_off

Sessions = async_sessionmaker[AsyncSession]
W = WorkspaceStatus


class Killed(BaseException):
    """Stands for the end of the process: nothing that follows in it runs."""


class Mortal:
    """Kills the worker at the n-th crossing of a boundary between it and the world outside."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at_crossing: int) -> None:
        self.left = at_crossing
        self.monkeypatch = monkeypatch
        self.wrap(FakeDriver, "start", "stop", "destroy")
        self.wrap(Routes, "write", "remove")
        self.wrap(lifecycle, "take_up")
        self.wrap(Attempt, "_write", "close")

    def wrap(self, owner: object, *names: str) -> None:
        for name in names:
            original = getattr(owner, name)

            async def crossing(
                *arguments: object, _original: Callable[..., object] = original, **named: object
            ) -> object:
                self.cross()
                result = await _original(*arguments, **named)  # type: ignore[misc]  # all of them are coroutines
                self.cross()
                return result

            self.monkeypatch.setattr(owner, name, crossing)

    def cross(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


@pytest.mark.parametrize("kind", ["start", "stop", "delete"])
async def test_a_worker_may_die_before_and_after_every_single_effect(
    kind: str, desk: Desk, machinery: Machinery, clock: Clock, session_maker: Sessions
) -> None:
    """Dies at the first boundary, the second, … until it gets through; each time another takes over."""
    crossings = 0
    while True:
        crossings += 1
        workspace_id = await desk.create(f"shop-{crossings}")
        if kind != "start":
            await work_off(machinery)
            await getattr(desk, kind)(workspace_id)
        with pytest.MonkeyPatch.context() as monkeypatch:
            mortal = Mortal(monkeypatch, crossings)
            died = await dies(machinery)
        if not died:
            assert mortal.left > 0
            break
        clock.advance(seconds=31)
        await work_off(machinery)
        assert await end_state(desk, machinery, workspace_id) == UNDISTURBED[kind], f"crossing {crossings}"
        await forget(desk, machinery, workspace_id)
    assert crossings > 8


UNDISTURBED = {
    "start": (W.READY, True, True),
    "stop": (W.STOPPED, False, False),
    "delete": (W.DELETED, False, False),
}


async def dies(machinery: Machinery) -> bool:
    try:
        await work_off(machinery)
    except Killed:
        return True
    return False


async def end_state(
    desk: Desk, machinery: Machinery, workspace_id: UUID
) -> tuple[WorkspaceStatus, bool, bool]:
    driver = machinery.driver
    assert isinstance(driver, FakeDriver)
    assert all(transition.finished_at for transition in await desk.transitions(workspace_id))
    workspace = await desk.workspace(workspace_id)
    if workspace.status is W.READY:
        assert await driver.poll(workspace.driver_state) is None
    return (
        workspace.status,
        str(workspace_id) in driver.running,
        await routed(machinery, workspace_id) is not None,
    )


async def forget(desk: Desk, machinery: Machinery, workspace_id: UUID) -> None:
    """Make room in the plan for the next round."""
    if (await desk.workspace(workspace_id)).status is W.DELETED:
        return
    await desk.delete(workspace_id)
    await work_off(machinery)


async def test_a_transition_that_kills_every_worker_is_given_up_with_a_reason(
    desk: Desk, machinery: Machinery, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*arguments: object) -> None:
        raise Killed

    monkeypatch.setattr(FakeDriver, "start", die)
    workspace_id = await desk.create()
    for _ in range(MAX_ATTEMPTS):
        assert await dies(machinery)
        clock.advance(seconds=31)
    assert not await dies(machinery)
    workspace = await desk.workspace(workspace_id)
    assert (workspace.status, workspace.last_error) == (W.FAILED, GIVEN_UP)
    monkeypatch.undo()
    await desk.start(workspace_id)
    await work_off(machinery)
    assert (await desk.workspace(workspace_id)).status is W.READY


async def test_an_unforeseen_fault_is_tried_again_a_little_later(
    desk: Desk, machinery: Machinery, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fault(*arguments: object) -> None:
        raise ConnectionError("Redis went away")

    workspace_id = await desk.create()
    with monkeypatch.context() as patch:
        patch.setattr(Routes, "write", fault)
        await work_off(machinery)
    assert await work_off(machinery) == 0
    clock.advance(seconds=6)
    assert await work_off(machinery) == 1
    assert (await desk.workspace(workspace_id)).status is W.READY


async def test_a_worker_told_to_end_leaves_its_transition_to_another_at_once(
    desk: Desk, machinery: Machinery
) -> None:
    inside = asyncio.Event()

    async def boot() -> None:
        inside.set()
        await asyncio.Event().wait()

    workspace_id = await desk.create()
    work = asyncio.create_task(work_off(with_driver(machinery, SlowDriver(boot))))
    await asyncio.wait_for(inside.wait(), 5)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert await work_off(machinery) == 1
    assert (await desk.workspace(workspace_id)).status is W.READY


async def test_a_worker_that_lost_its_lease_stops_and_writes_nothing_more(
    desk: Desk, machinery: Machinery, session_maker: Sessions
) -> None:
    begun, cut_off = asyncio.Event(), asyncio.Event()

    class Paused(FakeDriver):
        async def start(self, spec: WorkspaceSpec, state: DriverState, report: Report) -> Running:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                cut_off.set()
            raise DriverError("unreachable", detail="")

    workspace_id = await desk.create()
    quick = replace(with_driver(machinery, Paused()), lease=timedelta(seconds=0.3))
    transition = await open_transition(desk, workspace_id)
    paused = asyncio.create_task(run_transition(quick, transition.id))
    await asyncio.wait_for(begun.wait(), 30)
    for _ in range(60):  # until another worker, believing it dead, is faster than its next renewal
        async with session_maker.begin() as session:
            await session.execute(update(WorkspaceTransition).values(lease_until=machinery.clock()))
        await run_transition(machinery, transition.id)
        await asyncio.wait({paused}, timeout=0.5)
        if paused.done():
            break
    assert paused.done()
    assert cut_off.is_set()
    workspace = await desk.workspace(workspace_id)
    assert (workspace.status, workspace.backend_url) == (W.READY, BACKEND_URL)


async def test_the_lease_is_renewed_while_a_slow_machine_boots(desk: Desk, machinery: Machinery) -> None:
    workspace_id = await desk.create()
    slow = SlowDriver(lambda: asyncio.sleep(2.5))
    patient = replace(with_driver(machinery, slow), lease=timedelta(seconds=1.5), clock=now)
    work = asyncio.create_task(work_off(patient))
    for _ in range(4):
        await asyncio.sleep(0.5)
        assert await work_off(patient) == 0
    await work
    assert (await desk.workspace(workspace_id)).status is W.READY
    assert slow.starts == 1
