"""What one run leaves for the next under `{home}/run`: ports, passwords, processes, and the lock."""

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from app.embedded.errors import PartError
from app.embedded.parts import free_port, is_free
from app.embedded.processes import Identity

CHECKOUT = Path(__file__).resolve().parents[3]
SECRETS = ("postgres", "valkey", "secret_key")


@contextlib.contextmanager
def only_run(home: Path) -> Iterator[None]:
    """Hold the home folder for this run; the lock goes with the process, however it ends."""
    folder = run_folder(home)
    with (folder / "lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            raise PartError(
                f"Tezgâh already runs on {home} (process {lock.read().strip() or 'unknown'}). "
                "Stop that run with Ctrl-C, or set TEZGAH_HOME to another folder."
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def run_folder(home: Path) -> Path:
    folder = home / "run"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def passwords(home: Path) -> dict[str, str]:
    """Return the passwords of the parts and the keys of the service, made at the first run."""
    path = run_folder(home) / "secrets.json"
    known = read_json(path)
    missing = {name: secrets.token_hex(24) for name in SECRETS if name not in known}
    if missing:
        write_private(path, json.dumps({**known, **missing}, indent=2))
    return {**known, **missing}


class Ports:
    """Loopback ports that stay the same from run to run as long as they are free."""

    def __init__(self, home: Path) -> None:
        self.path = run_folder(home) / "ports.json"
        self.known = {name: int(port) for name, port in read_json(self.path).items()}
        self.chosen: dict[str, int] = {}

    def choose(self, name: str, preferred: int = 0) -> int:
        """Return the preferred port, else the one of the last run, else the next free one."""
        wanted = [port for port in (preferred, self.known.get(name)) if port]
        free = (port for port in wanted if port not in self.chosen.values() and is_free(port))
        port = next(free, 0) or self._next_free(preferred)
        self.chosen[name] = port
        self.path.write_text(json.dumps({**self.known, **self.chosen}, indent=2), encoding="utf-8")
        return port

    def _next_free(self, preferred: int) -> int:
        port = free_port(preferred)
        while port in self.chosen.values():
            port = free_port(port + 1 if preferred else 0)
        return port


def remember_processes(home: Path, identities: Iterable[Identity]) -> None:
    """Write down what runs, so that the next run can end what a killed one left."""
    rows = [{"pid": identity.pid, "started": identity.started} for identity in identities]
    path = run_folder(home) / "processes.json"
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(rows), encoding="utf-8")
    fresh.replace(path)


def remembered_processes(home: Path) -> list[Identity]:
    """Return what the last run wrote down, if it did not come to forget it."""
    path = run_folder(home) / "processes.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return [
            Identity(int(row["pid"]), float(row["started"])) for row in json.loads(path.read_text("utf-8"))
        ]
    return []


class Prepared:
    """Whether the embedded database has this version's schema and demo data, so that a start can be quick.

    Each of the two commands takes seconds to find that there is nothing to do. What they depend on is
    the database itself, the migrations and the models; a changed file or a new database asks them again.
    """

    def __init__(self, home: Path) -> None:
        self.path = run_folder(home) / "prepared.json"
        self.digest = self._digest(home / "postgres" / "PG_VERSION")

    def logins(self) -> str | None:
        """Return the lines that name the demo accounts, or None when the commands must run."""
        known = read_json(self.path)
        return known["logins"] if known.get("digest") == self.digest else None

    def remember(self, logins: str) -> None:
        write_private(self.path, json.dumps({"digest": self.digest, "logins": logins}))

    @staticmethod
    def _digest(made_with: Path) -> str:
        contents = hashlib.sha256(str(made_with.stat().st_mtime_ns).encode())
        sources = ((CHECKOUT / "migrations", "*.py"), (CHECKOUT / "src" / "app" / "db", "*.*"))
        for folder, pattern in sources:
            for path in sorted(folder.rglob(pattern)):
                if path.suffix in {".py", ".toml"}:
                    contents.update(path.read_bytes())
        return contents.hexdigest()


def write_environment(home: Path, values: Mapping[str, str]) -> None:
    """Write the addresses of what runs, for the other commands of the same home."""
    lines = [f"{name}={value}\n" for name, value in values.items()]
    write_private(run_folder(home) / "environment", "".join(lines))


def forget(home: Path) -> None:
    """Take back the addresses and processes of a run that has ended."""
    for name in ("environment", "processes.json"):
        (run_folder(home) / name).unlink(missing_ok=True)


def read_json(path: Path) -> dict[str, str]:
    with contextlib.suppress(OSError, ValueError):
        return dict(json.loads(path.read_text(encoding="utf-8")))
    return {}


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)
