"""One contract for every driver: what the control plane relies on, held by the real one and the fakes."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.domain.workspaces.drivers.base import DriverError, Ended, WorkspaceDriver, WorkspaceSpec
from app.domain.workspaces.drivers.code_server import code_server_command
from app.domain.workspaces.drivers.fakes import FailingDriver, FakeDriver, NeverDriver, SlowDriver
from app.domain.workspaces.drivers.process import ProcessDriver
from tests.domain.workspaces.contract import Told, make_spec, open_folder


@pytest.fixture
def spec() -> WorkspaceSpec:
    return make_spec()


@pytest.fixture(params=["fake", "slow", "process"])
async def driver(request: pytest.FixtureRequest, spec: WorkspaceSpec) -> AsyncIterator[WorkspaceDriver]:
    """A driver that works; whatever it runs ends with the test."""
    with open_folder() as root:
        drivers: dict[str, WorkspaceDriver] = {
            "fake": FakeDriver(),
            "slow": SlowDriver(),
            "process": ProcessDriver(root, code_server_command(Path(".tezgah"))),
        }
        driver = drivers[request.param]
        yield driver
        await driver.stop(spec, {}, Told())


async def test_a_started_workspace_runs_and_tells_its_steps_in_order(
    driver: WorkspaceDriver, spec: WorkspaceSpec
) -> None:
    told = Told()
    running = await driver.start(spec, {}, told)
    assert await driver.poll(running.state) is None
    assert running.backend_url.startswith("http://")
    assert tuple(told.steps) == driver.start_steps


async def test_a_stopped_workspace_does_not_run_and_starts_again(
    driver: WorkspaceDriver, spec: WorkspaceSpec
) -> None:
    first = await driver.start(spec, {}, Told())
    told = Told()
    state = await driver.stop(spec, first.state, told)
    assert tuple(told.steps) == driver.stop_steps
    assert isinstance(await driver.poll(state), Ended)
    assert isinstance(await driver.poll(first.state), Ended)
    second = await driver.start(spec, state, Told())
    assert await driver.poll(second.state) is None


async def test_stopping_twice_is_stopping_once(driver: WorkspaceDriver, spec: WorkspaceSpec) -> None:
    running = await driver.start(spec, {}, Told())
    state = await driver.stop(spec, running.state, Told())
    assert await driver.stop(spec, state, Told()) == state


async def test_a_workspace_that_never_started_can_be_stopped_and_destroyed(
    driver: WorkspaceDriver, spec: WorkspaceSpec
) -> None:
    state = await driver.stop(spec, {}, Told())
    await driver.destroy(spec, state, Told())


async def test_starting_without_the_state_replaces_what_was_left_running(
    driver: WorkspaceDriver, spec: WorkspaceSpec
) -> None:
    """As after a worker that died between the start and the note of it."""
    lost = await driver.start(spec, {}, Told())
    running = await driver.start(spec, {}, Told())
    assert isinstance(await driver.poll(lost.state), Ended)
    assert await driver.poll(running.state) is None


async def test_stopping_without_the_state_ends_what_was_left_running(
    driver: WorkspaceDriver, spec: WorkspaceSpec
) -> None:
    lost = await driver.start(spec, {}, Told())
    await driver.stop(spec, {}, Told())
    assert isinstance(await driver.poll(lost.state), Ended)


async def test_destroying_may_be_repeated(driver: WorkspaceDriver, spec: WorkspaceSpec) -> None:
    running = await driver.start(spec, {}, Told())
    state = await driver.stop(spec, running.state, Told())
    told = Told()
    await driver.destroy(spec, state, told)
    await driver.destroy(spec, state, Told())
    assert tuple(told.steps) == driver.destroy_steps


async def test_one_workspace_ends_without_another(driver: WorkspaceDriver, spec: WorkspaceSpec) -> None:
    neighbour = make_spec("neighbour")
    running = await driver.start(neighbour, {}, Told())
    try:
        mine = await driver.start(spec, {}, Told())
        await driver.stop(spec, mine.state, Told())
        assert await driver.poll(running.state) is None
    finally:
        await driver.stop(neighbour, running.state, Told())


@pytest.mark.parametrize("driver_class", [NeverDriver, FailingDriver])
async def test_a_start_that_cannot_succeed_fails_with_a_sentence_and_leaves_nothing(
    driver_class: type[FakeDriver], spec: WorkspaceSpec
) -> None:
    driver, told = driver_class(), Told()
    with pytest.raises(DriverError) as failure:
        await driver.start(spec, {}, told)
    assert failure.value.message.endswith(".")
    assert failure.value.detail
    assert tuple(told.steps) == driver.start_steps
    assert not driver.running
    await driver.destroy(spec, await driver.stop(spec, {}, Told()), Told())


async def test_one_that_nobody_has_opened_is_used_by_nobody_and_has_no_job(
    driver: WorkspaceDriver, spec: WorkspaceSpec
) -> None:
    running = await driver.start(spec, {}, Told())
    started = datetime.now(UTC)
    used = await driver.last_use(spec.id, running.state)
    assert used is None or used <= started, "the look whether it answers is no use"
    assert not await driver.has_job(spec.id, running.state)
