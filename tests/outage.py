"""A Redis that goes away: a Valkey of the test's own, and the product's resources on it."""

import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil
from redis.exceptions import RedisError

from app.domain.workspaces.routing import Routes
from app.embedded import valkey
from app.embedded.parts import free_port
from app.embedded.services import run
from app.server.database import build_session_maker
from app.server.plugins import build_queues, build_redis, enqueue_into
from app.tasks.context import Resources
from tests.conftest import msgspec_replace

PASSWORD = "only-on-loopback"


class PrivateRedis:
    """A Valkey that a test stops, freezes and starts again at the same address."""

    def __init__(self, home: Path) -> None:
        self._home, self._port = home, free_port()
        self._running = ExitStack()
        self.url = valkey.url(self._port, PASSWORD)

    def start(self) -> None:
        """Run it; its memory is empty."""
        part = valkey.part(self._home / "valkey", self._port, PASSWORD, throwaway=True)
        self._running.enter_context(run(part, self._home))

    def stop(self) -> None:
        """End it: connections are refused from now on."""
        self._running.close()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it take connections and answer nothing, as a machine that hangs does."""
        process = self._process()
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    def _process(self) -> psutil.Process:
        configuration = str(self._home / "valkey" / "valkey.conf")
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):  # one of another test may be ending
                if str(self._port) in " ".join(child.cmdline()) or configuration in child.cmdline():
                    return child
        raise LookupError("the Valkey of this test does not run")


@contextmanager
def private_redis(home: Path) -> Iterator[PrivateRedis]:
    """Run a Valkey of one's own until the block ends."""
    redis = PrivateRedis(home)
    redis.start()
    try:
        yield redis
    finally:
        redis.stop()


@asynccontextmanager
async def resources_on(resources: Resources, redis_url: str) -> AsyncIterator[Resources]:
    """The same process on another Redis; database and fakes stay."""
    settings = msgspec_replace(resources.settings, redis_url=redis_url)
    queues, redis = build_queues(settings), build_redis(redis_url)
    yield replace(
        resources,
        settings=settings,
        redis=redis,
        session_maker=build_session_maker(resources.engine, enqueue_into(queues)),
        routes=Routes(redis, settings.workspace_domain),
    )
    for queue in queues.get_queues().queues.values():
        with suppress(RedisError):
            await queue.disconnect()
    await redis.aclose()
