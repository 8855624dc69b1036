"""What tests of support access share."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
from litestar import Litestar
from litestar.routes import HTTPRoute
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import AuditEntry, SupportAccess
from app.lib.uow import unit_of_work
from tests.conftest import Browser, browser
from tests.factories import Customer, Person

REASON = "A workspace does not open, ticket 4711"
NOWHERE = "0199c0de-0000-7000-8000-000000000000"


async def looking_at(client: Browser, operator: Person, customer: Customer) -> Browser:
    """Return an operator's browser in the company's place."""
    await operator.log_in(client)
    answer = await begin(client, customer.company.slug)
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == "/dashboard"
    return client


async def begin(
    client: Browser, company: str, *, reason: str = REASON, minutes: str = "15"
) -> httpx.Response:
    """Ask for an access."""
    return await client.submit("/operator/support", company=company, reason=reason, minutes=minutes)


@asynccontextmanager
async def owner_of(application: Litestar, customer: Customer) -> AsyncIterator[Browser]:
    """The owner's browser."""
    async with browser(application, address="203.0.113.8") as owner:
        yield await customer.log_in(owner)


async def the_access(session_maker: async_sessionmaker[AsyncSession]) -> SupportAccess:
    async with session_maker() as session:
        return (await session.scalars(select(SupportAccess))).one()


async def trail(
    session_maker: async_sessionmaker[AsyncSession], prefix: str = "support."
) -> list[AuditEntry]:
    async with session_maker() as session:
        wanted = select(AuditEntry).where(AuditEntry.action.startswith(prefix))
        return list(await session.scalars(wanted.order_by(AuditEntry.id)))


async def make_older(session_maker: async_sessionmaker[AsyncSession], by: timedelta) -> None:
    """Let the only access have begun, and been raised, that much earlier."""
    statement = update(SupportAccess).values(
        began_at=SupportAccess.began_at - by,
        ends_at=SupportAccess.ends_at - by,
        raised_at=SupportAccess.raised_at - by,
    )
    async with unit_of_work(session_maker) as session:
        await session.execute(statement)


def address_of(path: str) -> str:
    """Return an address of a route that names nothing there is."""
    named = {"day": "2026-11-22", "result": "ok", "label": "x--y", "token": "x"}
    return re.sub(r"\{(\w+)\}", lambda found: named.get(found[1], NOWHERE), path)


def routes(application: Litestar) -> dict[str, bool]:
    """Return every address that somebody who is logged in may ask for, and whether it is the console's."""
    return {
        f"{method} {route.path_format}": bool(handler.opt.get("for_operators"))
        for route in application.routes
        if isinstance(route, HTTPRoute)
        for method, handler in (
            (str(method), found[0] if isinstance(found, tuple) else found)
            for method, found in route.route_handler_map.items()
        )
        if method != "OPTIONS"
        and not (handler.opt.get("exclude_from_auth") or handler.opt.get("skip_session"))
    }
