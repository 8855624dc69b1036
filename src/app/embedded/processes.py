"""Starting and ending processes so that none is left behind and none but ours is ever ended."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.embedded.errors import PartError
from app.embedded.parts import Part, environment_for

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
STOP_SECONDS = 3.0
POLL_SECONDS = 0.02
LOG_TAIL_LINES = 12

Child = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Identity:
    """A process for good: a process id is used again by others, the pair with its start is not."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> "Identity | None":
        """Return the identity of a running process, or None when there is none."""
        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            return cls(pid, process.create_time())
        except psutil.Error:
            return None

    def is_running(self) -> bool:
        # Two clock ticks: the start is derived from the boot time, which a clock adjustment moves.
        now = Identity.of(self.pid)
        return now is not None and abs(now.started - self.started) < 2.0


def spawn(part: Part, log: Path) -> Child:
    """Start a part with its output appended to the log; it dies with us, even if we are killed."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 the command is ours
            part.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment_for(part.environment),
            # A session of its own: Ctrl-C in the terminal reaches only us, and we stop the parts in order.
            start_new_session=True,
            preexec_fn=die_with_parent(part.stop_signal),  # noqa: PLW1509 one system call, no lock taken
        )


def die_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """Return what makes Linux send a child the signal when this thread ends; elsewhere nothing does."""
    if not sys.platform.startswith("linux"):
        return None
    control = ctypes.CDLL(None, use_errno=True).prctl

    def ask() -> None:
        control(PR_SET_PDEATHSIG, int(death_signal))

    return ask


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends (Linux), so that none escapes."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1)


def wait_until_ready(part: Part, child: Child, log: Path) -> None:
    """Wait for a part that has just been started."""
    started = time.monotonic()
    while not is_ready(part, child, log, time.monotonic() - started):
        time.sleep(POLL_SECONDS)


def is_ready(part: Part, child: Child, log: Path, seconds: float) -> bool:
    """Say whether a part started so many seconds ago is ready; raises `PartError` when it will not be."""
    if child.poll() is not None:
        raise PartError(f"{part.name} ended with status {child.returncode}.\n{tail(log)}")
    if part.ready():
        return True
    if seconds > part.ready_within:
        raise PartError(f"{part.name} was not ready within {part.ready_within:.0f} s.\n{tail(log)}")
    return False


def tail(log: Path) -> str:
    """Return the last lines of a log, and where the rest is."""
    with contextlib.suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:]
        return "\n".join("  " + line for line in (*lines, f"(all of it: {log})"))
    return ""


def stop_together(children: Iterable[tuple[Child, signal.Signals]], within: float = STOP_SECONDS) -> None:
    """Ask parts to stop, each by its own signal, then end what is left of their process groups."""
    asked = [(child, stop_signal) for child, stop_signal in children if child.poll() is None]
    for child, stop_signal in asked:
        child.send_signal(stop_signal)
    deadline = time.monotonic() + within
    for child, _ in asked:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, deadline - time.monotonic()))
    for child, _ in asked:
        end_group(child)
        child.wait()


def end_group(child: Child) -> None:
    """End what is left of the process group of a part that has ended or will not."""
    # The group outlives its leader while it has members, and its id is not given to another meanwhile.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def end(
    identities: Iterable[Identity], stop_signal: signal.Signals = signal.SIGTERM, within: float = STOP_SECONDS
) -> None:
    """End processes that another run of ours started, by their own identity only."""
    left = [identity for identity in identities if identity.is_running()]
    for urgency, seconds in ((stop_signal, within), (signal.SIGKILL, within)):
        for identity in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(identity.pid, urgency)
        deadline = time.monotonic() + seconds
        while left and time.monotonic() < deadline:
            left = [identity for identity in left if identity.is_running()]
            time.sleep(POLL_SECONDS)
        if not left:
            return
