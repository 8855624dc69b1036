"""Parts on this machine: started in order, restarted when they die, and none left behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from app.embedded import postgres
from app.embedded.errors import PartError
from app.embedded.parts import Part, free_port, listens
from app.embedded.processes import Identity, end
from app.embedded.state import Ports, only_run, passwords, remembered_processes
from app.embedded.supervisor import Supervisor

LISTENER = """
import socket, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    server.accept()[0].close()
"""
# A part that leaves a process in a session of its own, as an editor's terminal does.
FORKER = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(600)
"""


def python_part(name: str, source: str, *arguments: str, **more: object) -> Part:
    return Part(name=name, command=(sys.executable, "-c", source, *arguments), **more)  # type: ignore[arg-type]


def ready(supervisor: Supervisor, part: Part) -> None:
    [(_, outcome)] = supervisor.wait(part)
    assert not isinstance(outcome, PartError), outcome


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    said: list[str] = []
    supervisor = Supervisor(tmp_path, said.append)
    yield supervisor
    supervisor.stop()


def attend(supervisor: Supervisor, until: Callable[[], bool]) -> None:
    """Let the supervisor look after its parts until something holds."""

    def look() -> bool:
        for running in supervisor.running.values():
            supervisor.attend(running)
        return until()

    wait_for(look)


def test_a_killed_part_is_started_again(supervisor: Supervisor) -> None:
    port = free_port()
    part = python_part("listener", LISTENER, str(port), ready=listens(port))
    supervisor.start(part)
    ready(supervisor, part)
    first = supervisor.running["listener"].child.pid
    os.kill(first, signal.SIGKILL)
    attend(supervisor, lambda: supervisor.running["listener"].child.pid != first and listens(port)())


def test_a_part_that_cannot_start_says_why(supervisor: Supervisor) -> None:
    part = python_part("broken", "raise SystemExit('the disk is full')", ready=lambda: False)
    supervisor.start(part)
    [(_, outcome)] = supervisor.wait(part)
    assert isinstance(outcome, PartError)
    assert "the disk is full" in str(outcome)


def test_stopping_ends_what_a_part_has_left_behind_too(supervisor: Supervisor) -> None:
    part = python_part("forker", FORKER, ready=lambda: supervisor.log("forker").stat().st_size > 0)
    supervisor.start(part)
    ready(supervisor, part)
    left = int(supervisor.log("forker").read_text())
    os.kill(supervisor.running["forker"].child.pid, signal.SIGKILL)
    assert Identity.of(left) is not None
    started = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - started < 5
    assert Identity.of(left) is None


def test_stopping_leaves_the_processes_of_others_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as bystander:
        supervisor = Supervisor(tmp_path, print)
        supervisor.start(Part(name="sleeper", command=("sleep", "600"), ready=lambda: True))
        supervisor.stop()
        assert bystander.poll() is None
        bystander.kill()


def test_a_deaf_part_is_ended_within_five_seconds(supervisor: Supervisor) -> None:
    deaf = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    part = python_part("deaf", deaf, ready=lambda: supervisor.log("deaf").stat().st_size > 0)
    supervisor.start(part)
    ready(supervisor, part)
    child = supervisor.running["deaf"].child
    started = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - started < 5
    assert child.returncode == -signal.SIGKILL


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ends children with their parent")
def test_parts_die_with_a_killed_supervisor(tmp_path: Path) -> None:
    source = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from app.embedded.parts import Part
        from app.embedded.supervisor import Supervisor
        supervisor = Supervisor(Path(sys.argv[1]), print)
        part = Part(name="sleeper", command=("sleep", "600"), ready=lambda: True)
        supervisor.start(part)
        print(supervisor.running["sleeper"].child.pid, flush=True)
        time.sleep(600)
    """)
    with subprocess.Popen(
        [sys.executable, "-c", source, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as outer:
        assert outer.stdout is not None
        sleeper = int(outer.stdout.readline())
        remembered = remembered_processes(tmp_path)
        assert Identity.of(sleeper) is not None
        outer.kill()
    wait_for(lambda: Identity.of(sleeper) is None)
    assert sleeper in [identity.pid for identity in remembered]


def test_only_the_very_process_that_was_written_down_is_ended() -> None:
    with subprocess.Popen(["sleep", "600"]) as bystander:
        same_id_of_another = Identity(bystander.pid, psutil.Process(bystander.pid).create_time() - 3600)
        end([same_id_of_another], within=0.2)
        assert bystander.poll() is None
        itself = Identity.of(bystander.pid)
        assert itself is not None
        end([itself])
        assert bystander.wait(5) == -signal.SIGTERM


def test_a_second_run_on_the_same_home_is_refused(tmp_path: Path) -> None:
    with only_run(tmp_path), pytest.raises(PartError, match=f"process {os.getpid()}"), only_run(tmp_path):
        pass
    with only_run(tmp_path):
        """The lock goes with the run."""


def test_ports_stay_the_same_and_give_way_to_others(tmp_path: Path) -> None:
    wanted = free_port()
    assert Ports(tmp_path).choose("web", wanted) == wanted
    store = Ports(tmp_path).choose("postgres")
    assert Ports(tmp_path).choose("postgres") == store
    with subprocess.Popen([sys.executable, "-c", LISTENER, str(wanted)]) as other:
        wait_for(listens(wanted))
        assert Ports(tmp_path).choose("web", wanted) > wanted
        other.kill()


def test_passwords_are_kept_and_private(tmp_path: Path) -> None:
    first = passwords(tmp_path)
    assert passwords(tmp_path) == first
    assert (tmp_path / "run" / "secrets.json").stat().st_mode & 0o077 == 0


def test_a_killed_database_comes_back_with_its_data(supervisor: Supervisor, tmp_path: Path) -> None:
    port, password = free_port(), "tried-and-tested"
    part = postgres.part(tmp_path / "postgres", port, password)
    supervisor.start(part)
    ready(supervisor, part)
    postgres.create_database(port, password)
    postgres.create_database(port, password)
    first = supervisor.running["postgres"].child.pid
    os.kill(first, signal.SIGKILL)
    attend(supervisor, lambda: supervisor.running["postgres"].child.pid != first and part.ready())
    listing = subprocess.run(
        [postgres.programs() / "psql", "-XtAc", "SELECT datname FROM pg_database", "postgres"],
        env={
            **os.environ,
            "PGPASSWORD": password,
            "PGHOST": "127.0.0.1",
            "PGPORT": str(port),
            "PGUSER": "tezgah",
        },
        capture_output=True,
        text=True,
        timeout=10,
        check=True,
    )
    assert "tezgah" in listing.stdout.split()


def test_a_lock_file_whose_process_id_is_used_by_another_is_cleared(tmp_path: Path) -> None:
    data = tmp_path / "postgres"
    data.mkdir()
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n")
    postgres.recover(data)
    assert not (data / "postmaster.pid").exists()
