"""A real worker, really killed while a real editor boots: another finishes, and one editor runs."""

import asyncio
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from app.db.models import WorkspaceStatus
from app.domain.workspaces.attempts import Machinery
from app.domain.workspaces.drivers.code_server import code_server_command
from app.domain.workspaces.drivers.process import ProcessDriver
from app.domain.workspaces.drivers.processes import members
from app.lib.clock import now
from app.lib.settings import Settings
from tests.domain.workspaces.contract import open_folder
from tests.domain.workspaces.desk import Clock, Desk, work_off

BOUNDARIES = (*ProcessDriver.start_steps, "Open the address")


@pytest.mark.parametrize("boundary", BOUNDARIES[1:])
async def test_a_killed_worker_is_replaced_and_one_editor_runs(
    boundary: str, desk: Desk, machinery: Machinery, clock: Clock, settings: Settings
) -> None:
    workspace_id = await desk.create()
    [transition] = await desk.transitions(workspace_id)
    with open_folder() as root:
        driver = ProcessDriver(root, code_server_command(Path(".tezgah")))
        successor = replace(machinery, driver=driver)
        arguments = (settings.database_url, settings.redis_url, str(root), str(transition.id), boundary)
        worker = start_worker(*arguments)
        try:
            await until_step(desk, transition.workspace_id, boundary)
        finally:
            worker.send_signal(signal.SIGKILL)
            worker.wait(5)
        leftovers = {process.pid for process in members(workspace_id, None)}
        assert await work_off(successor) == 0, "the lease of the dead worker still holds"
        clock.at = now()
        clock.advance(seconds=31)
        assert await work_off(successor) == 1
        workspace = await desk.workspace(workspace_id)
        try:
            assert workspace.status is WorkspaceStatus.READY
            assert await driver.poll(workspace.driver_state) is None
            assert not leftovers & {process.pid for process in members(workspace_id, None)}
            assert founders(workspace_id) == {workspace.driver_state["pid"]}
        finally:
            await desk.delete(workspace_id)
            await work_off(successor)
        assert not list(members(workspace_id, None))
        assert not list(root.iterdir())


def start_worker(*arguments: str) -> subprocess.Popen[bytes]:
    """Start a process that carries out one transition."""
    return subprocess.Popen((sys.executable, "-m", "tests.domain.workspaces.worker", *arguments))


async def until_step(desk: Desk, workspace_id: UUID, name: str) -> None:
    """Wait until the worker has noted that the step began."""
    async with asyncio.timeout(60):
        while True:
            [transition] = await desk.transitions(workspace_id)
            if any(step["name"] == name and step["started_at"] for step in transition.steps):
                return
            await asyncio.sleep(0.01)


def founders(workspace_id: UUID) -> set[int]:
    """Return the workspace's processes whose parent is none of them."""
    family = {process.pid: process.ppid() for process in members(workspace_id, None)}
    return {pid for pid, parent in family.items() if parent not in family}
