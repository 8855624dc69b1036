"""PostgreSQL and Valkey for a test run: started in a second, thrown away afterwards."""

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.embedded import postgres, valkey
from app.embedded.parts import Part, free_port
from app.embedded.processes import spawn, stop_together, wait_until_ready


@dataclass(frozen=True)
class TestServices:
    """Where the servers of a test run are."""

    __test__ = False

    database_url: str
    redis_url: str


@contextlib.contextmanager
def test_services(home: Path, *, durable: bool = False) -> Iterator[TestServices]:  # noqa: PT028 no test
    """Run PostgreSQL and Valkey under `home` until the block ends; the database is `postgres`, empty.

    Durable ones write to disk at every commit, as benchmarks want; the others are made to be thrown away.
    """
    password = secrets.token_hex(16)
    postgres_port, valkey_port = free_port(), free_port()
    data = home / "postgres"
    parts = (
        valkey.part(home / "valkey", valkey_port, password, throwaway=not durable),
        postgres.part(data, postgres_port, password, throwaway=not durable),
    )
    with contextlib.ExitStack() as running:
        for part in parts:
            running.enter_context(run(part, home))
        yield TestServices(
            database_url=postgres.url(postgres_port, password, "postgres"),
            redis_url=valkey.url(valkey_port, password),
        )


test_services.__test__ = False  # type: ignore[attr-defined]  # a name that pytest would collect where imported


@contextlib.contextmanager
def run(part: Part, home: Path) -> Iterator[None]:
    """Run one part until the block ends."""
    log = home / "logs" / f"{part.name}.log"
    if part.before_start is not None:
        part.before_start()
    child = spawn(part, log)
    try:
        wait_until_ready(part, child, log)
        yield
    finally:
        stop_together([(child, part.stop_signal)])
