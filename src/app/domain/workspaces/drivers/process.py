"""The driver for trying out: the real code-server as a process of this machine.

Unsafe for strangers: they share the kernel, the network and the disk with the service. What can be kept
apart is: a secret per workspace between edge and editor, under root a user id of its own, and kernel limits.
"""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar
from uuid import UUID

import httpx
import structlog

from app.domain.workspaces.drivers import launcher
from app.domain.workspaces.drivers.accounts import account_for, is_own
from app.domain.workspaces.drivers.base import (
    DriverError,
    DriverState,
    Ended,
    Report,
    Running,
    WorkspaceSpec,
    step,
)
from app.domain.workspaces.drivers.code_server import (
    EDITOR_ENDED,
    editor_arguments,
    editor_environment,
    require_its_secret,
)
from app.domain.workspaces.drivers.homes import WorkspaceFolder
from app.domain.workspaces.drivers.processes import end_all, has_job, identity, is_running
from app.lib.i18n import N_

PREPARE_SECONDS = 30
END_SECONDS = 30
LAUNCH_SECONDS = 10
READY_SECONDS = 60
DELETE_SECONDS = 120
POLL_SECONDS = 0.02
EXIT_SECONDS = 1.0
PATIENCE_SECONDS = 5.0
"""How long processes may take to end by themselves before they are killed."""
MAX_PROCESSES = 1024
LOG_TAIL_BYTES = 2000

log = structlog.stdlib.get_logger("workspace.process")


class ProcessDriver:
    """Runs each workspace as a code-server of its own on a loopback port."""

    name = "process"
    start_steps: ClassVar[tuple[str, ...]] = (
        N_("End what was left over"),
        N_("Prepare the files"),
        N_("Start the editor"),
        N_("Wait until the editor answers"),
    )
    stop_steps: ClassVar[tuple[str, ...]] = (N_("End the editor and its programs"),)
    destroy_steps: ClassVar[tuple[str, ...]] = (N_("Delete the files"),)

    def __init__(self, root: Path, command: tuple[str, ...]) -> None:
        """Keep workspaces under `root`; `command` runs code-server."""
        self._root = root.absolute()
        self._command = command
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    async def start(self, spec: WorkspaceSpec, state: DriverState, report: Report) -> Running:
        """End leftovers, prepare the home, start code-server and wait until it answers to its secret."""
        self._require_code_server()
        folder, account = self._folder(spec.id), self._account(spec.id)
        async with step(report, self.start_steps[0], END_SECONDS):
            await self._end(spec.id, account)
        async with step(report, self.start_steps[1], PREPARE_SECONDS):
            await asyncio.to_thread(folder.prepare, spec, account)
        try:
            async with step(report, self.start_steps[2], LAUNCH_SECONDS):
                port = free_port()
                child = await asyncio.to_thread(self._launch, spec, folder, account, port)
            async with step(report, self.start_steps[3], READY_SECONDS):
                await self._wait_until_it_answers(child, port, spec.editor_secret, folder)
        except DriverError:
            await self._end(spec.id, account)
            raise
        return Running(f"http://127.0.0.1:{port}", {**self._state_of(child), "port": port})

    async def stop(self, spec: WorkspaceSpec, state: DriverState, report: Report) -> DriverState:
        """End the editor and everything that was started in it."""
        async with step(report, self.stop_steps[0], END_SECONDS):
            await self._end(spec.id, self._account(spec.id))
        return {}

    async def poll(self, state: DriverState) -> Ended | None:
        """Ask the system for the one process; the status is known only to the worker that started it."""
        pid = state.get("pid")
        if pid is None:
            return Ended(None)
        if is_running(pid, state["started"]):
            return None
        child = self._children.pop(pid, None)
        return Ended(await asyncio.to_thread(exit_status, child) if child else None)

    async def last_use(self, workspace_id: UUID, state: DriverState) -> datetime | None:
        """Read it off the files that the editor touches; one in the future is as good as now."""
        used = await asyncio.to_thread(self._folder(workspace_id).last_use, state["started"])
        return datetime.fromtimestamp(min(used, time.time()), UTC) if used else None

    async def has_job(self, workspace_id: UUID, state: DriverState) -> bool:
        """Look through the workspace's processes."""
        account = self._account(workspace_id)
        own = account if is_own(account) else None
        return await asyncio.to_thread(has_job, workspace_id, own, state["pid"])

    async def destroy(self, spec: WorkspaceSpec, state: DriverState, report: Report) -> None:
        """Delete the workspace's folder."""
        async with step(report, self.destroy_steps[0], DELETE_SECONDS):
            try:
                await asyncio.to_thread(self._folder(spec.id).delete)
            except OSError as error:
                raise DriverError(
                    N_("The files could not all be deleted. Try again."), detail=str(error)
                ) from error

    def _folder(self, workspace_id: UUID) -> WorkspaceFolder:
        return WorkspaceFolder(self._root / str(workspace_id))

    def _account(self, workspace_id: UUID) -> int | None:
        self._root.mkdir(parents=True, exist_ok=True)
        account = account_for(workspace_id, (*map(Path, self._command), self._root))
        if account is None and os.geteuid() == 0:
            log.warning(
                "workspace.runs_as_root",
                workspace_id=str(workspace_id),
                reason="an ordinary user cannot reach the workspaces folder or code-server",
                root=str(self._root),
            )
        return account

    def _require_code_server(self) -> None:
        missing = [part for part in self._command if not Path(part).is_file()]
        if missing or not self._command:
            raise DriverError(
                N_("The editor is not installed on this machine. Run “make setup” and start again."),
                detail=f"missing: {', '.join(missing) or 'node'}",
            )

    async def _end(self, workspace_id: UUID, account: int | None) -> None:
        own = account if is_own(account) else None
        survivors = await asyncio.to_thread(end_all, workspace_id, own, PATIENCE_SECONDS)
        for pid, child in list(self._children.items()):
            if child.poll() is not None:
                del self._children[pid]
        if survivors:
            raise DriverError(
                N_("Some programs of the workspace could not be ended. Try again."),
                detail=f"{survivors} processes survived SIGKILL",
            )

    def _launch(
        self, spec: WorkspaceSpec, folder: WorkspaceFolder, account: int | None, port: int
    ) -> subprocess.Popen[bytes]:
        limits = (str(spec.memory_mb), str(spec.disk_gb), str(MAX_PROCESSES) if is_own(account) else "")
        with folder.log.open("wb") as output:
            child = subprocess.Popen(  # noqa: S603 the command is ours
                (
                    *(sys.executable, "-I", "-S", launcher.__file__),
                    *("" if account is None else str(account), *limits),
                    *self._command,
                    *editor_arguments(spec, folder, port),
                ),
                cwd=folder.path,
                env=editor_environment(spec, folder),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A session of its own: neither the terminal's Ctrl-C nor the worker's end reaches it.
                start_new_session=True,
            )
        self._children[child.pid] = child
        return child

    @staticmethod
    def _state_of(child: subprocess.Popen[bytes]) -> DriverState:
        started = identity(child.pid)
        if started is None:
            raise DriverError(EDITOR_ENDED, detail=f"exit status {child.poll()}")
        return {"pid": child.pid, "started": started}

    async def _wait_until_it_answers(
        self, child: subprocess.Popen[bytes], port: int, secret: str, folder: WorkspaceFolder
    ) -> None:
        # A connection kept alive would count as a user at work, for ever (docs/workspaces.md).
        headers = {"Connection": "close"}
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=5, trust_env=False
        ) as client:
            while child.poll() is None:
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get("/healthz")).is_success:
                        await require_its_secret(client, secret)
                        return
                await asyncio.sleep(POLL_SECONDS)
        raise DriverError(EDITOR_ENDED, detail=f"exit status {child.returncode}: {tail(folder.log)}")


def free_port() -> int:
    """Return a loopback port that is free now; should another take it first, the start fails cleanly."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def tail(path: Path) -> str:
    """Return the end of a log."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LOG_TAIL_BYTES))
        return file.read().decode(errors="replace").strip()
    return ""


def exit_status(child: subprocess.Popen[bytes]) -> int | None:
    """Return how a process ended; the system may need a moment to tell after it has stopped running."""
    try:
        return child.wait(timeout=EXIT_SECONDS)
    except subprocess.TimeoutExpired:
        return None
