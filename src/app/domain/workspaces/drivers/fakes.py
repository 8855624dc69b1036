"""Drivers that only behave: at once, slowly, never, or failing. They pass the contract of the real one."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from app.domain.workspaces.drivers.base import (
    DriverError,
    DriverState,
    Ended,
    Report,
    Running,
    WorkspaceSpec,
    step,
)
from app.lib.i18n import N_

BACKEND_URL = "http://127.0.0.1:9"  # the discard port: a fake has no editor
FAILURE = N_("The machine could not be started. Try again.")


class FakeDriver:
    """Starts at once; machines live in the object, as those of an engine outside the worker would."""

    name = "fake"
    start_steps: ClassVar[tuple[str, ...]] = (N_("Prepare the files"), N_("Start the editor"))
    stop_steps: ClassVar[tuple[str, ...]] = (N_("End the editor and its programs"),)
    destroy_steps: ClassVar[tuple[str, ...]] = (N_("Delete the files"),)

    def __init__(self) -> None:
        self.running: dict[str, int] = {}
        self.files: set[UUID] = set()
        self.starts = 0
        self.uses: dict[UUID, datetime] = {}
        self.jobs: set[UUID] = set()
        self.step_seconds = 30.0

    async def start(self, spec: WorkspaceSpec, state: DriverState, report: Report) -> Running:
        """Run a machine, in place of one that may run already."""
        async with step(report, self.start_steps[0], self.step_seconds):
            self.files.add(spec.id)
        async with step(report, self.start_steps[1], self.step_seconds):
            await self.boot()
        self.starts += 1
        self.running[str(spec.id)] = self.starts
        return Running(BACKEND_URL, {"id": str(spec.id), "number": self.starts})

    async def boot(self) -> None:
        """Take no time; the other fakes differ here."""

    async def stop(self, spec: WorkspaceSpec, state: DriverState, report: Report) -> DriverState:
        """End the machine if there is one."""
        async with step(report, self.stop_steps[0], self.step_seconds):
            self.running.pop(str(spec.id), None)
        return {}

    async def poll(self, state: DriverState) -> Ended | None:
        """Say whether this very machine runs."""
        return None if state and self.running.get(state["id"]) == state["number"] else Ended(None)

    async def destroy(self, spec: WorkspaceSpec, state: DriverState, report: Report) -> None:
        """Forget the files."""
        async with step(report, self.destroy_steps[0], self.step_seconds):
            self.files.discard(spec.id)

    async def last_use(self, workspace_id: UUID, state: DriverState) -> datetime | None:
        """Return what a test has put there."""
        return self.uses.get(workspace_id)

    async def has_job(self, workspace_id: UUID, state: DriverState) -> bool:
        """Say what a test has put there."""
        return workspace_id in self.jobs

    def crash(self, workspace_id: UUID) -> None:
        """Let a machine end by itself."""
        del self.running[str(workspace_id)]


class SlowDriver(FakeDriver):
    """Takes its time to boot; `until` lets a test hold it exactly where it wants."""

    def __init__(self, until: Callable[[], Awaitable[object]] | None = None) -> None:
        super().__init__()
        self._until = until or (lambda: asyncio.sleep(0.2))

    async def boot(self) -> None:
        """Wait."""
        await self._until()


class NeverDriver(FakeDriver):
    """Never finishes booting, so that its time limit has to end it."""

    def __init__(self) -> None:
        super().__init__()
        self.step_seconds = 0.05

    async def boot(self) -> None:
        """Wait for ever."""
        await asyncio.Event().wait()


class FailingDriver(FakeDriver):
    """Says that it cannot."""

    async def boot(self) -> None:
        """Fail, with a sentence and a detail."""
        raise DriverError(FAILURE, detail="the fake was told to fail")
