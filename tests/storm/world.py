"""The parts of a storm as real processes: stores, sandbox, web and worker, to be killed at any moment."""

import contextlib
import os
import random
import secrets
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.embedded import postgres, valkey
from app.embedded.parts import Part, answers, free_port, listens
from app.embedded.processes import Child, spawn, stop_together, wait_until_ready
from app.embedded.services import run
from app.lib.settings import Settings

SECRET_KEY = "a-storm-is-no-secret-but-a-key-has-to-be-long-enough"
CALM_SECONDS = (1.0, 3.0)
"""Between two strikes, at least and at most: a part that is only starting has nothing to lose yet."""


@dataclass
class Mortal:
    """A process that can be killed and comes back on the same port."""

    part: Part
    log: Path
    deaths: int = 0
    child: Child | None = None

    def start(self) -> None:
        self.child = spawn(self.part, self.log)
        wait_until_ready(self.part, self.child, self.log)

    def strike(self) -> None:
        """Kill it in the middle of whatever it does, and bring it back."""
        assert self.child is not None
        self.child.kill()
        self.child.wait()
        self.deaths += 1
        self.start()

    def stop(self) -> None:
        if self.child is not None:
            stop_together([(self.child, self.part.stop_signal)])


@dataclass
class World:
    """Where everything is, and what dies."""

    settings: Settings
    sandbox_url: str
    mortals: list[Mortal] = field(default_factory=list)
    ending: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def thunder(self, seed: int) -> Iterator[None]:
        """Let web, worker and Valkey die in turn, at moments of the seed, until the block ends."""
        over, calm, trouble = threading.Event(), threading.Event(), list[BaseException]()
        dice = random.Random(seed)  # noqa: S311 a seed is the point

        def strike() -> None:
            try:
                while not over.wait(dice.uniform(*CALM_SECONDS)):
                    dice.choice(self.mortals).strike()
            except BaseException as error:
                trouble.append(error)
            calm.set()
            self.ending.wait()  # what a thread has started ends with the thread

        threading.Thread(target=strike).start()
        try:
            yield
        finally:
            over.set()
            calm.wait()
        if trouble:
            raise trouble[0]

    @property
    def deaths(self) -> dict[str, int]:
        return {mortal.part.name: mortal.deaths for mortal in self.mortals}


@contextlib.contextmanager
def world(home: Path, *, seed: int, fault_rate: float) -> Iterator[World]:
    """Run the parts until the block ends; the database is there and empty."""
    password = secrets.token_hex(16)
    database_port, redis_port, web_port, sandbox_port = (free_port() for _ in range(4))
    settings = Settings(
        env="test",
        home=home,
        secret_key=SECRET_KEY,
        port=web_port,
        database_url=postgres.url(database_port, password, "postgres"),
        database_pool_size=8,
        redis_url=valkey.url(redis_port, password),
        paytr_base_url=f"http://127.0.0.1:{sandbox_port}",
        smtp_url="smtp://127.0.0.1:9",
        log_level="error",
    )
    logs = home / "logs"
    store = Mortal(valkey.part(home / "valkey", redis_port, password), logs / "valkey.log")
    sandbox = Mortal(sandbox_part(settings, sandbox_port, seed, fault_rate), logs / "sandbox.log")
    with contextlib.ExitStack() as running:
        data = home / "postgres"
        running.enter_context(run(postgres.part(data, database_port, password, throwaway=True), home))
        for mortal in (store, sandbox):
            mortal.start()
            running.callback(mortal.stop)
        whole = World(settings, settings.paytr_base_url, [store])
        running.callback(whole.ending.set)
        for part in (web_part(settings), worker_part(settings)):
            mortal = Mortal(part, logs / f"{part.name}.log")
            whole.mortals.append(mortal)
            running.callback(mortal.stop)
        yield whole


def web_part(settings: Settings) -> Part:
    """Return the web process: what PayTR's callbacks meet."""
    ready = answers(f"http://127.0.0.1:{settings.port}/health/live")
    return Part(name="web", command=tezgah("web"), ready=ready, environment=environment(settings))


def worker_part(settings: Settings) -> Part:
    """Return the worker for money; documents and mails have tests of their own."""
    return Part(
        name="worker",
        command=tezgah("worker", "--queue", "paytr", "--queue", "billing"),
        ready=lambda: True,
        environment=environment(settings),
    )


def sandbox_part(settings: Settings, port: int, seed: int, fault_rate: float) -> Part:
    """Return the sandbox; it outlives the storm, as PayTR would."""
    options = {
        "port": port,
        "callback-url": f"http://127.0.0.1:{settings.port}/webhooks/paytr",
        "seed": seed,
        "fault-rate": fault_rate,
        "repeat-seconds": 0.5,
        "repeat-limit": 10_000,
        "slow-seconds": 0.3,
    }
    command = tezgah("sandbox", *(f"--{name}={value}" for name, value in options.items()))
    return Part(name="sandbox", command=command, ready=listens(port), environment=environment(settings))


def tezgah(*arguments: str) -> tuple[str, ...]:
    """Return a command of the product."""
    return (sys.executable, "-m", "app", *arguments)


def environment(settings: Settings) -> dict[str, str]:
    """Return the settings as a process reads them."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("TEZGAH_")},
        "TEZGAH_ENV": settings.env,
        "TEZGAH_HOME": str(settings.home),
        "TEZGAH_SECRET_KEY": settings.secret_key,
        "TEZGAH_PORT": str(settings.port),
        "TEZGAH_DATABASE_URL": settings.database_url,
        "TEZGAH_REDIS_URL": settings.redis_url,
        "TEZGAH_PAYTR_BASE_URL": settings.paytr_base_url,
        "TEZGAH_SMTP_URL": settings.smtp_url,
        "TEZGAH_LOG_LEVEL": settings.log_level,
    }
