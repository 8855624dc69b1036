"""Finding and ending every process of one workspace, whatever session, group or parent it moved to."""

import contextlib
import os
import time
from collections.abc import Iterator
from uuid import UUID

import psutil

MARKER = "WORKSPACE_ID"
"""Environment variable that all of a workspace's processes inherit and by which they are found again."""

KILL_SECONDS = 3.0
RESCANS = 5


def identity(pid: int) -> float | None:
    """Return when a running process began, or nothing: the pair of both is never given out again."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def is_running(pid: int, started: float) -> bool:
    """Say whether this very process runs, and not another that was given its number."""
    now = identity(pid)
    # The start is derived from the boot time, which moves a little when the clock is adjusted.
    return now is not None and abs(now - started) < 1.0


def members(workspace_id: UUID, account: int | None) -> Iterator[psutil.Process]:
    """Find the workspace's processes; `account` is given where the user id is the workspace's own."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            own_user = account is not None and process.uids().real == account
            if own_user or process.environ().get(MARKER) == str(workspace_id):
                yield process


def has_job(workspace_id: UUID, account: int | None, editor: int) -> bool:
    """Say whether something that a terminal's shell has started still runs, in front or behind. Blocking.

    Each terminal's shell leads a session of its own; what it starts belongs to that session and leads none.
    The `editor` and its helpers are in the editor's.
    """
    for process in members(workspace_id, account):
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(process.pid) not in (editor, process.pid):
                return True
    return False


def end_all(workspace_id: UUID, account: int | None, patience: float) -> int:
    """Ask every process of the workspace to end, kill what is left, and return how many survived.

    Blocking. Looks again after each round, because a process may start another while it is being ended.
    psutil refuses to signal a number that has passed to another process.
    """
    left = list(members(workspace_id, account))
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    psutil.wait_procs(left, patience)
    for _ in range(RESCANS):
        left = list(members(workspace_id, account))
        if not left:
            return 0
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, KILL_SECONDS)
        time.sleep(0.01)
    return len(list(members(workspace_id, account)))
