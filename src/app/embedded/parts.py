"""What the supervisor needs to know of a part it runs, and the probes that tell when it is ready."""

import http.client
import importlib.util
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from app.embedded.errors import PartError

PROBE_SECONDS = 1.0
FREE_PORT_TRIES = 200

Probe = Callable[[], bool]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One process of the whole; `ready_within` is in seconds from its start.

    A store is stopped after what writes to it. `before_start` clears what a killed process left.
    """

    name: str
    command: tuple[str, ...]
    ready: Probe
    address: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    ready_within: float = 60.0
    before_start: Callable[[], None] | None = None
    is_store: bool = False


def listens(port: int) -> Probe:
    """Return a probe that is true once something accepts connections on the loopback port."""

    def probe() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), PROBE_SECONDS).close()
        except OSError:
            return False
        return True

    return probe


def answers(url: str, *, status_below: int = 500) -> Probe:
    """Return a probe that is true once a GET of the address is answered with a lower status."""
    parts = urlsplit(url)

    def probe() -> bool:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PROBE_SECONDS)
        try:
            connection.request("GET", parts.path or "/")
            return connection.getresponse().status < status_below
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return probe


def package_folder(name: str) -> Path | None:
    """Return where an installed package lies, without importing it: some act on import."""
    found = importlib.util.find_spec(name)
    return Path(found.origin).parent if found is not None and found.origin else None


def environment_for(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a part: ours, with the virtual environment's programs first in PATH."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    return {**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1", **extra}


def free_port(preferred: int = 0) -> int:
    """Return the preferred loopback port, the next free one after it, or any when none is preferred."""
    if not preferred:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            return int(listener.getsockname()[1])
    for port in range(preferred, min(preferred + FREE_PORT_TRIES, 65536)):
        if is_free(port):
            return port
    raise PartError(
        f"Ports {preferred} to {preferred + FREE_PORT_TRIES - 1} are all taken; stop what uses them."
    )


def is_free(port: int) -> bool:
    """Say whether a server could listen on the port, on the loopback and on every interface."""
    for host in ("127.0.0.1", ""):
        with socket.socket() as listener:
            # A port whose last connections still linger is free: servers listen with the same option.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((host, port))
            except OSError:
                return False
    return True
