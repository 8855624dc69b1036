"""`tezgah up`, the way a person meets it: from an empty folder to a page, and to nothing again."""

import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from app.embedded.parts import free_port

TEZGAH = Path(sys.executable).parent / "tezgah"
START_SECONDS = 180


class Run:
    """One `tezgah up` on a home folder, with ports that nobody else uses."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.output = home.with_name("output")
        given = {name: value for name, value in os.environ.items() if not name.startswith("TEZGAH_")}
        ports = {"TEZGAH_PORT": free_port(), "TEZGAH_WORKSPACE_DOMAIN": f"tezgah.localhost:{free_port()}"}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [TEZGAH, "up"],
                env={**given, "TEZGAH_HOME": str(home), **{name: str(port) for name, port in ports.items()}},
                cwd=home.parent,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while "Ctrl-C stops everything" not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def address(self) -> str:
        found = re.search(r"Open +http://(\S+)", self.said())
        assert found is not None
        return found.group(1)

    def processes(self) -> list[psutil.Process]:
        """Return every process that was told of this home folder."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                told = [*process.cmdline(), process.environ().get("TEZGAH_HOME", "")]
                if any(str(self.home) in word for word in told):
                    found.append(process)
        return found

    def pid_of(self, command: str) -> int:
        return next(int(process.pid) for process in self.processes() if process.cmdline()[-1] == command)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(15)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all of these tests: only the first start makes the database."""
    home = tmp_path_factory.mktemp("up") / "home"
    home.mkdir()
    return home


def test_everything_starts_and_recovers_from_a_killed_part_and_from_being_killed_itself(home: Path) -> None:
    run = Run(home)
    try:
        run.wait_until_ready()
        assert "✗" not in run.said()
        assert "@demo." in run.said(), "the demo logins are printed"
        assert (home / "run" / "environment").stat().st_mode & 0o077 == 0
        web = run.pid_of("web")
        os.kill(web, signal.SIGKILL)
        wait_for_page(run.address())
        assert run.pid_of("web") != web
    finally:
        run.process.kill()
        run.process.wait()


def test_a_run_after_a_killed_one_finds_everything_as_it_was_and_stops(home: Path) -> None:
    run = Run(home)
    try:
        run.wait_until_ready()
        assert "✗" not in run.said()
        assert status(run.address(), "/health/ready") == 200
        started = time.monotonic()
        assert run.stop() == 0
        assert time.monotonic() - started < 5
    finally:
        run.stop()
    assert run.processes() == []


def test_production_is_refused(tmp_path: Path) -> None:
    environment = {**os.environ, "TEZGAH_ENV": "production", "TEZGAH_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [TEZGAH, "up"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert not (tmp_path / "home").exists()


def status(address: str, path: str) -> int:
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def wait_for_page(address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if status(address, "/health/ready") == 200:
                return
        time.sleep(0.1)
    raise AssertionError("the page did not come back")
