"""What only the real driver can show: isolation, limits, leftovers, and code-server's own behaviour."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from app.domain.workspaces.drivers import driver_for
from app.domain.workspaces.drivers.accounts import is_own
from app.domain.workspaces.drivers.base import EDITOR_COOKIE, DriverError, Ended, WorkspaceSpec
from app.domain.workspaces.drivers.code_server import code_server_command, require_its_secret
from app.domain.workspaces.drivers.process import ProcessDriver
from app.domain.workspaces.drivers.processes import MARKER, members
from app.lib.settings import Settings, SettingsError
from tests.domain.workspaces.contract import SECRET, Told, make_spec, open_folder

COMMAND = code_server_command(Path(".tezgah"))
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a workspace a user id of its own")


@pytest.fixture
def spec() -> WorkspaceSpec:
    return make_spec()


@pytest.fixture
async def driver(spec: WorkspaceSpec) -> AsyncIterator[ProcessDriver]:
    with open_folder() as root:
        driver = ProcessDriver(root, COMMAND)
        yield driver
        await driver.stop(spec, {}, Told())


STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(60)
"""


@contextmanager
def running_program(*command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a session of its own; when it prints, wait for its first line."""
    with subprocess.Popen(
        command, env=environment, start_new_session=True, stdout=subprocess.PIPE
    ) as program:
        assert program.stdout is not None
        if "-c" in command:
            program.stdout.readline()
        yield program
        program.kill()


def hard_limits(pid: int) -> dict[str, str]:
    """Return a process's hard limits by the kernel's names of them."""
    lines = Path(f"/proc/{pid}/limits").read_text(encoding="ascii").splitlines()
    return {line[:26].strip(): line[26:].split()[1] for line in lines[1:]}


def run_as(user_id: int, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command as another user."""
    return subprocess.run(command, user=user_id, capture_output=True, text=True, check=False)


def folder_of(driver: ProcessDriver, spec: WorkspaceSpec) -> Path:
    return driver._root / str(spec.id)


async def test_the_editor_lets_in_nobody_without_its_secret(
    driver: ProcessDriver, spec: WorkspaceSpec
) -> None:
    running = await driver.start(spec, {}, Told())
    async with httpx.AsyncClient(base_url=running.backend_url) as client:
        stranger = await client.get("/")
        guess = await client.get("/", headers={"Cookie": f"{EDITOR_COOKIE}={SECRET[:-1]}0"})
        client.cookies.set(EDITOR_COOKIE, SECRET)
        edge = await client.get("/", follow_redirects=True)
    assert (stranger.status_code, stranger.headers["location"]) == (302, "./login")
    assert (guess.status_code, guess.headers["location"]) == (302, "./login")
    assert edge.status_code == 200
    assert "workbench" in edge.text


async def test_nothing_of_the_service_reaches_the_workspaces_environment(
    driver: ProcessDriver, spec: WorkspaceSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEZGAH_SECRET_KEY", "not for workspaces")
    running = await driver.start(spec, {}, Told())
    environment = psutil.Process(running.state["pid"]).environ()
    assert not [name for name in environment if name.startswith("TEZGAH")]
    assert environment["HOME"] == str(folder_of(driver, spec) / "home")
    assert SECRET not in " ".join(psutil.Process(running.state["pid"]).cmdline())


async def test_the_kernel_holds_the_plans_limits(driver: ProcessDriver, spec: WorkspaceSpec) -> None:
    running = await driver.start(spec, {}, Told())
    hard = hard_limits(running.state["pid"])
    assert hard["Max data size"] == str(spec.memory_mb * 1024**2)
    assert hard["Max file size"] == str(spec.disk_gb * 1024**3)
    assert hard["Max core file size"] == "0"


@as_root
async def test_under_root_each_workspace_has_a_user_id_of_its_own(
    driver: ProcessDriver, spec: WorkspaceSpec
) -> None:
    neighbour = make_spec("neighbour")
    running, other = await driver.start(spec, {}, Told()), await driver.start(neighbour, {}, Told())
    try:
        mine = psutil.Process(running.state["pid"]).uids().real
        theirs = psutil.Process(other.state["pid"]).uids().real
        assert is_own(mine)
        assert is_own(theirs)
        assert mine != theirs
        for path in (folder_of(driver, neighbour) / "home", Path(f"/proc/{other.state['pid']}/environ")):
            look = run_as(mine, "cat" if path.is_file() else "ls", str(path))
            assert "Permission denied" in look.stderr
    finally:
        await driver.stop(neighbour, {}, Told())


@as_root
async def test_a_workspace_cannot_touch_its_log_or_the_editors_configuration(
    driver: ProcessDriver, spec: WorkspaceSpec
) -> None:
    running = await driver.start(spec, {}, Told())
    user = psutil.Process(running.state["pid"]).uids().real
    for name in ("editor.log", "code-server.yaml", "planted"):
        written = run_as(user, "sh", "-c", f"echo x > {folder_of(driver, spec) / name}")
        assert written.returncode != 0


async def test_a_restarted_worker_finds_its_workspaces_again(
    driver: ProcessDriver, spec: WorkspaceSpec
) -> None:
    running = await driver.start(spec, {}, Told())
    state = json.loads(json.dumps(running.state))
    successor = ProcessDriver(driver._root, COMMAND)
    assert await successor.poll(state) is None
    await successor.stop(spec, state, Told())
    assert isinstance(await successor.poll(state), Ended)


async def test_an_editor_that_was_killed_is_seen_with_its_signal(
    driver: ProcessDriver, spec: WorkspaceSpec
) -> None:
    running = await driver.start(spec, {}, Told())
    os.kill(running.state["pid"], signal.SIGKILL)
    for _ in range(100):
        if ended := await driver.poll(running.state):
            break
        await asyncio.sleep(0.02)
    assert ended == Ended(-signal.SIGKILL)


async def test_a_number_that_passed_to_another_process_is_left_alone(
    driver: ProcessDriver, spec: WorkspaceSpec
) -> None:
    with running_program("sleep", "60") as stranger:
        state = {"pid": stranger.pid, "started": psutil.Process(stranger.pid).create_time() - 60, "port": 1}
        assert isinstance(await driver.poll(state), Ended)
        await driver.stop(spec, state, Told())
        assert stranger.poll() is None


async def test_stop_also_ends_what_left_the_editors_session(
    driver: ProcessDriver, spec: WorkspaceSpec
) -> None:
    running = await driver.start(spec, {}, Told())
    environment = psutil.Process(running.state["pid"]).environ()
    with running_program(sys.executable, "-c", STUBBORN, **{MARKER: environment[MARKER]}) as daemon:
        await driver.stop(spec, running.state, Told())
        assert daemon.poll() is not None
    assert not list(members(spec.id, None))


async def test_files_and_settings_outlive_a_stop_but_not_a_deletion(
    driver: ProcessDriver, spec: WorkspaceSpec
) -> None:
    await driver.start(spec, {}, Told())
    home = folder_of(driver, spec) / "home"
    settings = home / ".local" / "share" / "code-server" / "User" / "settings.json"
    assert json.loads(settings.read_text())["chat.disableAIFeatures"] is True
    settings.write_text("{}")
    (home / "project" / "main.py").write_text("print('kept')")
    state = await driver.stop(spec, {}, Told())
    state = (await driver.start(spec, state, Told())).state
    assert settings.read_text() == "{}"
    assert (home / "project" / "main.py").read_text() == "print('kept')"
    await driver.destroy(spec, await driver.stop(spec, state, Told()), Told())
    assert not folder_of(driver, spec).exists()


async def test_a_half_made_home_is_made_anew(driver: ProcessDriver, spec: WorkspaceSpec) -> None:
    """As after a worker that died while it prepared the files."""
    half = folder_of(driver, spec) / "unfinished" / "home"
    half.mkdir(parents=True)
    (half / "half").touch()
    running = await driver.start(spec, {}, Told())
    assert await driver.poll(running.state) is None
    assert not (folder_of(driver, spec) / "home" / "half").exists()


async def test_a_missing_code_server_says_how_to_mend_it(spec: WorkspaceSpec, tmp_path: Path) -> None:
    driver = ProcessDriver(tmp_path, (COMMAND[0], str(tmp_path / "entry.js")))
    with pytest.raises(DriverError, match="make setup") as failure:
        await driver.start(spec, {}, Told())
    assert "entry.js" in failure.value.detail


async def test_a_broken_editor_fails_the_start_with_its_last_words(
    spec: WorkspaceSpec, tmp_path: Path
) -> None:
    entry = tmp_path / "entry.js"
    entry.write_text("console.error('out of tea'); process.exit(7)")
    driver = ProcessDriver(tmp_path / "root", (COMMAND[0], str(entry)))
    with pytest.raises(DriverError) as failure:
        await driver.start(spec, {}, Told())
    assert failure.value.detail == "exit status 7: out of tea"
    assert not list(members(spec.id, None))


@pytest.mark.parametrize("status", [b"200 OK", b"302 Found"])
async def test_another_program_on_the_port_is_not_taken_for_the_editor(status: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 " + status + b"\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        with pytest.raises(DriverError):
            await require_its_secret(client, SECRET)


@pytest.mark.parametrize("name", ["docker", "kubernetes"])
def test_a_driver_that_is_not_built_refuses_to_start(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        driver_for(Settings(workspace_driver=name))  # type: ignore[arg-type]  # every value of the literal
