"""The end of a request: what is answered below 400 is saved, everything else leaves nothing.

`lib.request_edge` reads Advanced Alchemy's private scope state; these tests break when it moves.
"""

from collections.abc import AsyncIterator

import pytest
from advanced_alchemy.extensions.litestar import SQLAlchemyInitPlugin
from litestar import Litestar, Response, post
from litestar.params import FromPath
from litestar.response import Redirect
from redis.asyncio import Redis
from saq.queue.redis import RedisQueue
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import JobRun
from app.domain.jobs import Job
from app.lib.clock import now
from app.lib.http import Injected
from app.lib.ids import uuid7
from app.lib.uow import defer
from app.server.plugins import build_alchemy
from app.tasks.context import Resources
from tests.conftest import Browser, browser


async def write(session: AsyncSession) -> None:
    session.add(JobRun(name="written by a request", started_at=now(), found=0, done=0, failed=0))
    defer(session, Job.ANNOUNCE, company_id=str(uuid7()))
    await session.flush()


@post("/saved/{status:int}", status_code=200)
async def answer_with(db_session: Injected[AsyncSession], status: FromPath[int]) -> Response[str]:
    await write(db_session)
    return Response("done", status_code=status)


@post("/redirected", status_code=200)
async def redirected(db_session: Injected[AsyncSession]) -> Redirect:
    await write(db_session)
    return Redirect("/elsewhere", status_code=303)


@post("/raised")
async def raised(db_session: Injected[AsyncSession]) -> None:
    await write(db_session)
    raise RuntimeError("after the write")


@post("/commit-fails", status_code=200)
async def commit_fails(db_session: Injected[AsyncSession]) -> str:
    """Leave a row behind that only the commit refuses."""
    await write(db_session)
    later = "CREATE TEMP TABLE later (id int UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP"
    await db_session.execute(text(later))
    await db_session.execute(text("INSERT INTO later VALUES (1), (1)"))
    return "saved"


@pytest.fixture
async def small(resources: Resources) -> AsyncIterator[Browser]:
    """A small application with our transaction edge, on the real database."""
    alchemy = build_alchemy(resources.engine, resources.session_maker)
    application = Litestar(
        [answer_with, redirected, raised, commit_fails], plugins=[SQLAlchemyInitPlugin(alchemy)]
    )
    async with application.lifespan(), browser(application) as client:
        yield client


async def written(session_maker: async_sessionmaker[AsyncSession]) -> int:
    async with session_maker() as session:
        return await session.scalar(select(func.count()).select_from(JobRun)) or 0


async def queued(resources: Resources) -> int:
    queue = RedisQueue.from_url(resources.settings.redis_url, name="billing")
    waiting = await queue.count("queued")
    await queue.disconnect()
    return waiting


@pytest.mark.parametrize(("path", "status"), [("/saved/200", 200), ("/saved/201", 201), ("/redirected", 303)])
async def test_what_is_answered_as_done_is_saved_and_its_jobs_are_handed_over(
    small: Browser, resources: Resources, path: str, status: int
) -> None:
    assert (await small.post(path)).status_code == status
    assert (await written(resources.session_maker), await queued(resources)) == (1, 1)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/saved/400", 400), ("/saved/409", 409), ("/saved/422", 422), ("/saved/503", 503), ("/raised", 500)],
)
async def test_what_is_refused_leaves_nothing_and_hands_nothing_over(
    small: Browser, resources: Resources, path: str, status: int
) -> None:
    assert (await small.post(path)).status_code == status
    assert (await written(resources.session_maker), await queued(resources)) == (0, 0)


async def test_a_commit_that_fails_is_never_answered_as_done(small: Browser, resources: Resources) -> None:
    answer = await small.post("/commit-fails")
    assert answer.status_code == 500
    assert "saved" not in answer.text
    assert (await written(resources.session_maker), await queued(resources)) == (0, 0)


async def test_connections_go_back_to_the_pool_however_a_request_ends(
    small: Browser, resources: Resources, redis: "Redis"
) -> None:
    for path in ("/saved/200", "/saved/422", "/raised", "/commit-fails", "/redirected"):
        await small.post(path)
    pool = resources.engine.sync_engine.pool
    assert pool.checkedout() == 0  # type: ignore[attr-defined]  # a QueuePool
