"""A worker of its own for the tests that kill one: halts once it has noted that a certain step begins."""

import asyncio
import sys
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import async_sessionmaker

from app.domain.workspaces.attempts import Attempt, Machinery
from app.domain.workspaces.drivers.code_server import code_server_command
from app.domain.workspaces.drivers.process import ProcessDriver
from app.domain.workspaces.lifecycle import run_transition
from app.domain.workspaces.routing import Routes
from app.lib.crypto import Keys
from app.lib.settings import Settings
from app.server.database import build_engine
from app.server.plugins import build_redis


async def main(database_url: str, redis_url: str, root: str, transition_id: str, last_step: str) -> None:
    """Carry the transition out up to a step, and wait there to be killed."""
    report = Attempt.report

    async def report_and_halt(attempt: Attempt, name: str) -> None:
        await report(attempt, name)
        if name == last_step:
            await asyncio.Event().wait()

    Attempt.report = report_and_halt  # type: ignore[method-assign, assignment]  # this process is made to be killed
    engine = build_engine(Settings(database_url=database_url))
    redis = build_redis(redis_url)
    machinery = Machinery(
        session_maker=async_sessionmaker(engine, expire_on_commit=False),
        driver=ProcessDriver(Path(root), code_server_command(Path(".tezgah"))),
        routes=Routes(redis, "workspaces.localhost"),
        redis=redis,
        keys=Keys("test-secret-key-of-more-than-32-characters"),
    )
    await run_transition(machinery, UUID(transition_id))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
