"""A workspace stops when nobody uses it, and only then."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import Plan, TransitionKind, Workspace, WorkspaceStatus
from app.domain.workspaces.attempts import Machinery
from app.domain.workspaces.drivers.fakes import FakeDriver
from app.domain.workspaces.idle import JOBS_COUNT_FOR, STOPPED, idle_stop_of, jobs_count, stops_at
from app.domain.workspaces.lifecycle import check_workspaces
from app.lib.uow import unit_of_work
from tests.domain.workspaces.desk import Clock, Desk, work_off

W = WorkspaceStatus
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TEAM = Plan(code="team", idle_stop_minutes=60)
ENTERPRISE = Plan(code="enterprise", idle_stop_minutes=None)


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("ready", "used", "busy", "stops"),
    [
        (0, None, None, 1),
        (0, -3, None, 1),  # used before it was started this time
        (0, 2, None, 3),
        (0, 2, 5, 6),  # a job ran on after the last touch
        (0, 5, 2, 6),
    ],
)
def test_the_hour_runs_from_the_last_use_of_either_kind(
    ready: int, used: int | None, busy: int | None, stops: int
) -> None:
    workspace = Workspace(
        ready_at=at(ready),
        used_at=None if used is None else at(used),
        busy_at=None if busy is None else at(busy),
    )
    assert stops_at(workspace, TEAM) == at(stops)


def test_one_that_does_not_run_or_may_run_for_ever_has_no_such_hour() -> None:
    assert stops_at(Workspace(ready_at=None, used_at=NOON), TEAM) is None
    assert stops_at(Workspace(ready_at=NOON), ENTERPRISE) is None
    assert stops_at(Workspace(ready_at=NOON), None) is None
    assert idle_stop_of(ENTERPRISE, "tr") is None


def test_a_job_counts_for_a_night_after_the_last_touch_and_not_for_ever() -> None:
    workspace = Workspace(ready_at=at(-20), used_at=NOON)
    assert jobs_count(workspace, NOON + JOBS_COUNT_FOR - timedelta(seconds=1))
    assert not jobs_count(workspace, NOON + JOBS_COUNT_FOR)


@dataclass
class Running:
    """One workspace that runs on the fake driver, on a plan that stops what is unused after an hour."""

    desk: Desk
    machinery: Machinery
    clock: Clock
    id: UUID

    @property
    def driver(self) -> FakeDriver:
        assert isinstance(self.machinery.driver, FakeDriver)
        return self.machinery.driver

    async def after(self, **span: float) -> Workspace:
        """Let time pass, look, and carry out what was asked for."""
        self.clock.advance(**span)
        await check_workspaces(self.machinery)
        await work_off(self.machinery)
        return await self.desk.workspace(self.id)


@pytest.fixture
async def running(desk: Desk, machinery: Machinery, clock: Clock) -> Running:
    workspace_id = await desk.create()
    await work_off(machinery)
    return Running(desk, machinery, clock, workspace_id)


async def test_what_nobody_uses_is_stopped_and_says_why(running: Running) -> None:
    assert (await running.after(minutes=59)).status is W.READY
    stopped = await running.after(minutes=1)
    assert (stopped.status, stopped.last_error) == (W.STOPPED, STOPPED)
    *_, transition = await running.desk.transitions(running.id)
    assert (transition.kind, transition.requested_by_id) == (TransitionKind.STOP, None)
    await running.desk.start(running.id)
    await work_off(running.machinery)
    again = await running.desk.workspace(running.id)
    assert (again.status, again.last_error) == (W.READY, None)
    assert (await running.after(minutes=59)).status is W.READY, "its hour began anew"


async def test_what_somebody_works_in_goes_on(running: Running) -> None:
    for _ in range(3):
        running.driver.uses[running.id] = running.clock() + timedelta(minutes=30)
        assert (await running.after(minutes=59)).status is W.READY
    assert (await running.after(minutes=31)).status is W.STOPPED


async def test_a_job_keeps_it_running_through_the_night_and_an_hour_after_its_end(running: Running) -> None:
    running.driver.jobs.add(running.id)
    for _ in range(8):
        assert (await running.after(minutes=59)).status is W.READY
    running.driver.jobs.clear()
    assert (await running.after(minutes=59)).status is W.READY
    assert (await running.after(minutes=1)).status is W.STOPPED


async def test_a_job_that_never_ends_does_not_keep_it_for_ever(running: Running) -> None:
    running.driver.jobs.add(running.id)
    began = running.clock()
    while (await running.after(minutes=50)).status is W.READY:
        assert running.clock() - began < timedelta(days=1)
    assert running.clock() - began >= JOBS_COUNT_FOR


async def test_a_plan_without_an_idle_stop_never_stops_it(
    running: Running, session_maker: async_sessionmaker[AsyncSession]
) -> None:
    async with unit_of_work(session_maker) as session:
        await session.execute(update(Plan).where(Plan.code == "team").values(idle_stop_minutes=None))
    assert (await running.after(days=3)).status is W.READY


async def test_one_that_is_stopped_meanwhile_is_left_alone(running: Running) -> None:
    running.clock.advance(hours=2)
    await running.desk.stop(running.id)
    await check_workspaces(running.machinery)
    assert len(await running.desk.transitions(running.id)) == 2
