"""Runs the parts: starts them, starts them again when they die, and stops them all within five seconds."""

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.embedded.errors import PartError
from app.embedded.parts import Part
from app.embedded.processes import (
    POLL_SECONDS,
    Child,
    Identity,
    adopt_orphans,
    end,
    end_group,
    is_ready,
    spawn,
    stop_together,
    tail,
)
from app.embedded.state import remember_processes

LOG_BYTES = 10_000_000
WATCH_SECONDS = 0.2
RECORD_SECONDS = 2.0
FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
# A part that ran this long had started well: the next death counts as the first.
STEADY_SECONDS = 60.0
STOP_SECONDS = 2.2

Say = Callable[[str], None]


@dataclass
class Running:
    """A part, its process, and how its restarts go."""

    part: Part
    child: Child
    started: float
    delay: float = FIRST_DELAY
    restart_at: float | None = None


class Supervisor:
    """Keeps the parts of one home running until it is told to stop."""

    def __init__(self, home: Path, say: Say) -> None:
        self.home = home
        self.say = say
        self.running: dict[str, Running] = {}
        self._recorded = 0.0
        # Whoever started us may have started others before: they are not ours to end.
        self._strangers = set(psutil.Process().children())
        adopt_orphans()

    def log(self, name: str) -> Path:
        return self.home / "logs" / f"{name}.log"

    def start(self, part: Part) -> None:
        """Start a part without waiting for it."""
        started = time.monotonic()
        self.running[part.name] = Running(part, self._spawn(part), started)
        self.record()

    def wait(self, *parts: Part) -> Iterator[tuple[Part, float | PartError]]:
        """Yield started parts as they get ready, with the seconds it took or why they do not."""
        waiting = [self.running[part.name] for part in parts]
        while waiting:
            for running in list(waiting):
                part, seconds = running.part, time.monotonic() - running.started
                try:
                    if not is_ready(part, running.child, self.log(part.name), seconds):
                        continue
                    yield part, seconds
                except PartError as error:
                    yield part, error
                waiting.remove(running)
            time.sleep(POLL_SECONDS)

    def drop(self, name: str) -> None:
        """Give up a part: stop it and do not start it again."""
        if running := self.running.pop(name, None):
            stop_together([(running.child, running.part.stop_signal)], STOP_SECONDS)

    def watch(self) -> None:
        """Keep the parts running until an exception (Ctrl-C) ends it."""
        while True:
            for running in self.running.values():
                self.attend(running)
            self.record()
            time.sleep(WATCH_SECONDS)

    def attend(self, running: Running) -> None:
        """Notice a death and, after a pause that grows with each, start the part again."""
        part, now = running.part, time.monotonic()
        if running.restart_at is not None:
            if now >= running.restart_at:
                self._restart(running)
            return
        if running.child.poll() is None:
            return
        if now - running.started > STEADY_SECONDS:
            running.delay = FIRST_DELAY
        end_group(running.child)
        how = f"{part.name} ended with status {running.child.returncode}"
        self.say(f"{how}; it starts again in {running.delay:g} s.\n{tail(self.log(part.name))}")
        running.restart_at = now + running.delay
        running.delay = min(running.delay * 2, LONGEST_DELAY)

    def _restart(self, running: Running) -> None:
        running.child = self._spawn(running.part)
        running.started, running.restart_at = time.monotonic(), None

    def _spawn(self, part: Part) -> Child:
        if part.before_start is not None:
            part.before_start()
        rotate(self.log(part.name))
        return spawn(part, self.log(part.name))

    def record(self) -> None:
        """Write down every process below us and clear those that have ended, every few seconds."""
        if time.monotonic() - self._recorded < RECORD_SECONDS:
            return
        self._recorded = time.monotonic()
        remember_processes(self.home, self._descendants())
        for running in self.running.values():
            rotate(self.log(running.part.name))

    def _descendants(self) -> list[Identity]:
        """Return what runs below us, orphans included, and reap the orphans that have ended."""
        own = {running.child.pid for running in self.running.values()}
        found = []
        ours = [child for child in psutil.Process().children() if child not in self._strangers]
        for process in (*ours, *(below for child in ours for below in children_of(child))):
            identity = Identity.of(process.pid)
            if identity is not None:
                found.append(identity)
            elif process.pid not in own:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(process.pid, os.WNOHANG)
        return found

    def _leftovers(self) -> list[Identity]:
        """Return what still runs below us apart from the stores and their own processes."""
        stores = [psutil.Process(one.child.pid) for one in self.running.values() if is_running_store(one)]
        kept = {process.pid for store in stores for process in (store, *children_of(store))}
        return [identity for identity in self._descendants() if identity.pid not in kept]

    def stop(self) -> None:
        """Stop every part, stores last, then whatever a part has left below us."""
        running = list(self.running.values())[::-1]
        for is_store in (False, True):
            wave = [one for one in running if one.part.is_store is is_store]
            stop_together([(one.child, one.part.stop_signal) for one in wave], STOP_SECONDS)
            if not is_store:
                end(self._leftovers(), within=1.0)
        self.running.clear()


def is_running_store(running: Running) -> bool:
    return running.part.is_store and running.child.poll() is None


def children_of(process: psutil.Process) -> list[psutil.Process]:
    """Return everything below a process, nothing when it has ended."""
    try:
        return list(process.children(recursive=True))
    except psutil.Error:
        return []


def rotate(log: Path) -> None:
    """Keep one older log; the process keeps its file, which is emptied under it."""
    with contextlib.suppress(OSError):
        if log.stat().st_size > LOG_BYTES:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)


@contextlib.contextmanager
def stops_on_signals() -> Iterator[None]:
    """Make SIGTERM and SIGHUP end the block as Ctrl-C does."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    previous = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Hold signals off while the parts are stopped: a second Ctrl-C must not leave half of them."""
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    previous = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
