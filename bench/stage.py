"""The stage: PostgreSQL and Valkey of the run's own, and processes of the product beside bare ones."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from app.db.schema import upgrade_database
from app.domain.plans.service import publish_catalogue
from app.embedded.parts import free_port
from app.embedded.services import TestServices, test_services
from app.lib.clock import now
from app.lib.settings import Settings
from app.lib.uow import unit_of_work

SECRET = "benchmark-secret-key-of-more-than-32-characters"


@dataclass(frozen=True)
class Stage:
    """Where everything of this run is."""

    home: Path
    services: TestServices
    settings: Settings

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of a process of the product."""
        return {
            **os.environ,
            "TEZGAH_ENV": "test",
            "TEZGAH_HOME": str(self.home),
            "TEZGAH_SECRET_KEY": SECRET,
            "TEZGAH_DATABASE_URL": self.services.database_url,
            "TEZGAH_REDIS_URL": self.services.redis_url,
            "TEZGAH_LOG_LEVEL": "warning",
            "TEZGAH_PAYTR_BASE_URL": "http://127.0.0.1:9",
            "TEZGAH_SMTP_URL": "smtp://127.0.0.1:9",
            **more,
        }


@contextmanager
def stage() -> Iterator[Stage]:
    """Set the stage with a migrated database; everything ends with the block."""
    with tempfile.TemporaryDirectory(prefix="tezgah-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        with test_services(home / "services", durable=True) as services:
            settings = Settings(
                env="test",
                home=home,
                secret_key=SECRET,
                database_url=services.database_url,
                redis_url=services.redis_url,
            )
            asyncio.run(_prepare(settings))
            yield Stage(home, services, settings)


@contextmanager
def running(command: list[str], environment: dict[str, str], ready: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; `ready` is the address that answers once it serves."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_for(ready, process)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=15)


@contextmanager
def product_web(on: Stage, **more: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run the product's web process; yields its address."""
    port = free_port()
    environment = on.environment(TEZGAH_PORT=str(port), **more)
    command = [sys.executable, "-m", "app", "web"]
    with running(command, environment, f"http://127.0.0.1:{port}/health/live") as process:
        yield f"http://127.0.0.1:{port}", process


@contextmanager
def bare_web(on: Stage) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run the bare Litestar application that pages and callbacks are measured against."""
    port = free_port()
    server = ["uvicorn", "--factory", "bench.bare:create_app", "--port", str(port)]
    command = [sys.executable, "-m", *server, "--log-level", "warning", "--no-access-log"]
    with running(command, on.environment(), f"http://127.0.0.1:{port}/page") as process:
        yield f"http://127.0.0.1:{port}", process


@contextmanager
def unguarded_web(on: Stage) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run the product's pages for one preloaded viewer, on connections that no policy binds."""
    port = free_port()
    server = ["uvicorn", "--factory", "bench.unguarded:create_app", "--port", str(port)]
    command = [sys.executable, "-m", *server, "--log-level", "warning", "--no-access-log"]
    with running(command, on.environment(), f"http://127.0.0.1:{port}/health/live") as process:
        yield f"http://127.0.0.1:{port}", process


def wait_for(address: str, process: subprocess.Popen[bytes], *, limit: float = 30) -> None:
    """Wait until a server answers; raises when it ends or takes too long."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{address}: the server ended with {process.returncode}")
        try:
            if httpx.get(address, timeout=1).status_code < 500:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise TimeoutError(f"{address} did not answer within {limit} s")


async def _prepare(settings: Settings) -> None:
    engine = create_async_engine(settings.database_url)
    await upgrade_database(engine)
    async with unit_of_work(async_sessionmaker(engine)) as session:
        await publish_catalogue(session, at=now())
    await engine.dispose()
