"""Real PostgreSQL and Valkey for the whole run; every test finds an empty database with the catalogue."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher
from litestar import Litestar
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.db.base import Base
from app.db.schema import upgrade_database
from app.db.scopes import WEB
from app.domain.accounts import passwords
from app.domain.notifications.mailer import MemoryMailer
from app.domain.payments.paytr.fake import InMemoryGateway
from app.domain.plans.service import publish_catalogue
from app.domain.workspaces.drivers.fakes import FakeDriver
from app.domain.workspaces.routing import Routes
from app.embedded.services import TestServices, test_services
from app.lib.clock import now
from app.lib.log import configure_logging
from app.lib.settings import Settings
from app.lib.storage import MemoryStorage
from app.lib.uow import ENQUEUE, unit_of_work
from app.rehearsal.stage import foretell
from app.server.core import build_application
from app.server.database import build_engine, build_session_maker
from app.server.plugins import build_queues, build_redis, enqueue_into
from app.tasks.context import Resources
from tests.spreading import ByFile

KEPT = {"plans", "plan_prices"}
BASE_URL = "http://tezgah.localhost"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    """Let a file's tests share a process, and with it what is built once a module."""
    return ByFile(config, log)


@pytest.fixture(scope="session", autouse=True)
def logs() -> None:
    """Log as in production: JSON, and only what deserves a look."""
    configure_logging("error", as_json=True)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hash passwords at Argon2's least cost: whoever signs up or logs in here has nothing to lose.

    What a hash costs in the product is `tests/unit/accounts/test_password_hashes.py`.
    """
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "hasher", cheap)
        patch.setattr(passwords, "NOBODY", cheap.hash("nobody has this password"))
        yield


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """All async tests share one event loop."""
    return "asyncio"


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServices]:
    """PostgreSQL and Valkey: the ones named by TEZGAH_TEST_*, or embedded ones that end with the run."""
    database_url, redis_url = (
        os.environ.get("TEZGAH_TEST_DATABASE_URL"),
        os.environ.get("TEZGAH_TEST_REDIS_URL"),
    )
    if database_url and redis_url:
        if "PYTEST_XDIST_WORKER" in os.environ:
            pytest.exit("One database serves one process of tests: make test WORKERS=0", returncode=4)
        yield TestServices(database_url=database_url, redis_url=redis_url)
        return
    with test_services(tmp_path_factory.mktemp("services")) as running:
        yield running


@pytest.fixture(scope="session")
def settings(services: TestServices, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a test run; what lies outside points at a closed port."""
    return Settings(
        env="test",
        home=tmp_path_factory.mktemp("home"),
        secret_key="test-secret-key-of-more-than-32-characters",
        public_url=BASE_URL,
        database_url=services.database_url,
        redis_url=services.redis_url,
        paytr_base_url="http://127.0.0.1:9",
        smtp_url="smtp://127.0.0.1:9",
        workspace_domain="workspaces.localhost",
    )


@pytest.fixture(scope="session")
async def engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """A migrated database with the catalogue; `upgrade` runs once."""
    engine = build_engine(msgspec_replace(settings, database_pool_size=10))
    await upgrade_database(engine)
    async with unit_of_work(async_sessionmaker(engine)) as session:
        await publish_catalogue(session, at=now())
    yield engine
    await engine.dispose()


def msgspec_replace(settings: Settings, **changes: object) -> Settings:
    """Return the settings with some changed."""
    return Settings(**{**{name: getattr(settings, name) for name in settings.__struct_fields__}, **changes})


@pytest.fixture(scope="session")
async def process(settings: Settings, engine: AsyncEngine) -> AsyncIterator[Resources]:
    """A process's resources on the real database and Valkey, with fakes for what lies outside."""
    queues = build_queues(settings)
    redis = build_redis(settings.redis_url)
    async with httpx.AsyncClient() as http:
        yield Resources(
            settings=settings,
            engine=engine,
            session_maker=build_session_maker(engine, enqueue_into(queues)),
            redis=redis,
            http=http,
            storage=MemoryStorage(),
            gateway=InMemoryGateway(),
            mailer=MemoryMailer(),
            driver=FakeDriver(),
            routes=Routes(redis, settings.workspace_domain),
            foretell=foretell,
        )
    for queue in queues.get_queues().queues.values():
        await queue.disconnect()
    await redis.aclose()


async def empty(engine: AsyncEngine, tables: list[str]) -> None:
    """Empty the tables; a process that the test before has ended may still hold a row for a moment.

    Deleting few rows takes a tenth of the time of TRUNCATE, which makes each table and index a new file. No
    trigger or key looks at it; a role that may not say so truncates.
    """
    deletions = "; ".join(f"DELETE FROM {table}" for table in tables)  # noqa: S608 names of our own tables
    statement = f"DO $$ BEGIN SET LOCAL session_replication_role = replica; {deletions}; END $$"
    for last in (False, False, True):
        try:
            async with engine.begin() as connection:
                await connection.execute(text(statement))
        except DBAPIError as error:
            if "permission denied" in str(error):
                statement = f"TRUNCATE {', '.join(tables)} CASCADE"
            elif last or "deadlock" not in str(error):
                raise
        else:
            return


@pytest.fixture
async def resources(process: Resources) -> Resources:
    """The process with an empty database, an empty Valkey and fakes that remember nothing."""
    tables = [table.name for table in Base.metadata.sorted_tables if table.name not in KEPT]
    await empty(process.engine, tables)
    await process.redis.flushdb()
    for fake in (process.storage, process.gateway, process.mailer, process.driver):
        fake.__init__()  # type: ignore[misc]  # begins anew under the same identity
    return process


@pytest.fixture
def redis(resources: Resources) -> "Redis":
    """An empty Valkey."""
    return resources.redis


@pytest.fixture
def session_maker(resources: Resources) -> async_sessionmaker[AsyncSession]:
    """Sessions whose commits are real; deferred jobs reach the queues."""
    return resources.session_maker


@pytest.fixture
async def session(session_maker: async_sessionmaker[AsyncSession]) -> AsyncIterator[AsyncSession]:
    """One open session; commit it yourself where another session has to see the rows."""
    async with session_maker() as session:
        yield session


@pytest.fixture(scope="session")
async def web_process(settings: Settings, process: Resources) -> AsyncIterator[Resources]:
    """The same resources as the web process has them: its connections see no company's rows by themselves."""
    engine = build_engine(msgspec_replace(settings, database_pool_size=10), role=WEB)
    enqueue = process.session_maker.kw["info"][ENQUEUE]
    yield replace(process, engine=engine, session_maker=build_session_maker(engine, enqueue))
    await engine.dispose()


@pytest.fixture(scope="session")
async def web(settings: Settings, web_process: Resources) -> AsyncIterator[Litestar]:
    """The whole web application, built once."""
    application = build_application(settings, web_process, owns_resources=False)
    async with application.lifespan():
        yield application


@pytest.fixture
def application(web: Litestar, resources: Resources) -> Litestar:
    """The whole web application on emptied resources."""
    return web


@pytest.fixture
async def client(application: Litestar) -> AsyncIterator["Browser"]:
    """A visitor's browser."""
    async with browser(application) as client:
        yield client


class Browser(httpx.AsyncClient):
    """An HTTP client that keeps cookies and sends the form token as pages do."""

    async def submit(self, path: str, **fields: str) -> httpx.Response:
        """Post a form with its token, as a person without JavaScript would."""
        return await self.request_form("POST", path, fields)

    async def request_form(self, method: str, path: str, fields: dict[str, str]) -> httpx.Response:
        """Send a form by any method; the token is fetched first when there is none."""
        if "csrf" not in self.cookies:
            await self.get("/login")
        data = {**fields, "_csrf_token": self.cookies.get("csrf", "")}
        return await self.request(method, path, data=data)


@asynccontextmanager
async def browser(application: Litestar, *, address: str = "203.0.113.7") -> AsyncIterator[Browser]:
    """A browser of its own on the application."""
    transport = httpx.ASGITransport(application, raise_app_exceptions=False, client=(address, 40000))  # type: ignore[arg-type]  # Litestar types its ASGI scope more narrowly
    async with Browser(transport=transport, base_url=BASE_URL) as client:
        yield client


@pytest.fixture
def home(settings: Settings) -> Path:
    """The run's own folder."""
    return settings.home
