"""What runs a workspace, as the control plane sees it. After JupyterHub's Spawner: start, stop, poll, and
a state that belongs to the driver but is kept by the control plane, so that either may restart alone.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

from app.lib.i18n import N_

DriverState = dict[str, Any]
"""Opaque: what a driver needs to find its machine again; plain JSON."""

Report = Callable[[str], Awaitable[None]]
"""Tells that a named step begins; the one before it is over."""

EDITOR_COOKIE = "code-server-session"
"""The cookie by which code-server knows who may come in; only the edge sends it."""


@dataclass(frozen=True, slots=True)
class IdleStop:
    """After how many unused minutes a workspace is stopped, and what it says some minutes before."""

    minutes: int
    warning: str
    stay: str
    """The button that keeps it running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceSpec:
    """What is to run. Memory in MB, disk in GB."""

    id: UUID
    name: str
    company_slug: str
    memory_mb: int
    cpu_count: int
    disk_gb: int
    editor_secret: str
    """The editor answers only requests that carry it, so that a neighbour on the machine gets nothing."""
    idle_stop: IdleStop | None = None
    """Nothing: it runs until somebody stops it."""

    @property
    def label(self) -> str:
        """The workspace's own host label, of at most 63 characters."""
        return f"{self.name}--{self.company_slug}"


@dataclass(frozen=True, slots=True)
class Running:
    """A started workspace: where the edge reaches it, and how the driver finds it again."""

    backend_url: str
    state: DriverState


@dataclass(frozen=True, slots=True)
class Ended:
    """A workspace that does not run; the status is negative for a signal, and empty when nobody knows."""

    exit_status: int | None


class DriverError(Exception):
    """Something the driver could not do: a sentence for the person, the whole truth for the operator."""

    def __init__(self, message: str, *, detail: str) -> None:
        super().__init__(f"{message} ({detail})")
        self.message = message
        self.detail = detail


class WorkspaceDriver(Protocol):
    """Runs workspaces. Every call is idempotent and bounded in time; a failed one raises `DriverError`.

    The steps are named beforehand, in order, so that a page can show what is still to come.
    """

    name: str
    start_steps: ClassVar[tuple[str, ...]]
    stop_steps: ClassVar[tuple[str, ...]]
    destroy_steps: ClassVar[tuple[str, ...]]

    async def start(self, spec: WorkspaceSpec, state: DriverState, report: Report) -> Running:
        """Run the workspace and return once its editor answers; a leftover of it is ended first."""
        ...

    async def stop(self, spec: WorkspaceSpec, state: DriverState, report: Report) -> DriverState:
        """End everything the workspace runs, also what the state does not know of; its files stay."""
        ...

    async def poll(self, state: DriverState) -> Ended | None:
        """Return nothing while it runs, else how it ended. Cheap: called for every workspace, often."""
        ...

    async def last_use(self, workspace_id: UUID, state: DriverState) -> datetime | None:
        """Return when somebody last worked in a running workspace, by its own word; cheap, as `poll` is."""
        ...

    async def has_job(self, workspace_id: UUID, state: DriverState) -> bool:
        """Say whether something that was started in one of its terminals still runs."""
        ...

    async def destroy(self, spec: WorkspaceSpec, state: DriverState, report: Report) -> None:
        """Delete a stopped workspace's files for good."""
        ...


@asynccontextmanager
async def step(report: Report, name: str, seconds: float) -> AsyncIterator[None]:
    """Run one named step within its time limit, or fail with a sentence."""
    await report(name)
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise DriverError(
            N_("A step took too long and was given up. Try again."),
            detail=f"step {name!r} did not finish within {seconds} s",
        ) from error
