"""Builds and closes what one process holds."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any

import httpx

from app.domain.notifications.mailer import SmtpMailer
from app.domain.ops.forecasts.service import Foretold
from app.domain.payments.paytr.client import PaytrGateway
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT, PaytrCredentials
from app.domain.workspaces.drivers import driver_for
from app.domain.workspaces.routing import Routes
from app.lib.settings import Settings
from app.lib.storage import open_storage
from app.server.database import build_engine, build_session_maker, require_addresses
from app.server.plugins import build_queues, build_redis, enqueue_into
from app.tasks.context import Resources


def build_resources(settings: Settings, *, role: str | None = None) -> Resources:
    """Return the connections and adapters of one process; nothing connects yet.

    With a role the process is that role in the database, and may do what `app.db.isolation` lets it.
    """
    require_addresses({"TEZGAH_DATABASE_URL": settings.database_url, "TEZGAH_REDIS_URL": settings.redis_url})
    engine = build_engine(settings, role=role)
    http = httpx.AsyncClient()
    return Resources(
        settings=settings,
        engine=engine,
        session_maker=build_session_maker(engine, enqueue_into(build_queues(settings))),
        redis=build_redis(settings.redis_url),
        http=http,
        storage=open_storage(settings.storage_location),
        gateway=PaytrGateway(paytr_credentials(settings), settings.paytr_base_url, http),
        mailer=SmtpMailer(settings.smtp_url, settings.mail_from),
        driver=driver_for(settings),
        routes=Routes(build_redis(settings.edge_store_url), settings.workspace_domain),
        foretell=foretell,
    )


def paytr_credentials(settings: Settings) -> PaytrCredentials:
    """Return the merchant's credentials; outside production the sandbox's when none are set."""
    if not settings.paytr_merchant_id and not settings.is_production:
        return SANDBOX_MERCHANT
    return PaytrCredentials(
        settings.paytr_merchant_id, settings.paytr_merchant_key, settings.paytr_merchant_salt
    )


@asynccontextmanager
async def closing(resources: Resources) -> AsyncIterator[Resources]:
    """Close every connection when the process ends."""
    try:
        yield resources
    finally:
        await resources.http.aclose()
        await resources.redis.aclose()
        await resources.routes.close()
        await resources.engine.dispose()


async def with_resources(settings: Settings, command: Callable[[Resources], Awaitable[Any]]) -> Any:
    """Run a command on resources of its own and close them afterwards."""
    async with closing(build_resources(settings)) as resources:
        return await command(resources)


async def foretell(resources: Resources, day: date, *, at: datetime) -> Foretold:
    """Rehearse a day (`rehearsal.stage`); what that takes is loaded when it is asked for."""
    from app.rehearsal import stage

    return await stage.foretell(resources, day, at=at)
