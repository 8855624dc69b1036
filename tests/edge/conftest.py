"""A running workspace, and requests about it as Traefik makes them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import httpx
import pytest
from litestar import Litestar
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.domain.workspaces.edge import COOKIE, Pass, seal_pass
from app.lib.clock import now
from app.lib.settings import Settings
from app.tasks.context import Resources
from app.tasks.workspaces import machinery_of
from tests.conftest import browser
from tests.domain.workspaces.desk import Desk, work_off
from tests.factories import Customer, make_customer

PAGE = {"accept": "text/html,*/*", "sec-fetch-mode": "navigate"}
CALL = {"accept": "*/*", "sec-fetch-mode": "cors"}
SOCKET = {"sec-fetch-mode": "websocket", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="}


@dataclass(frozen=True)
class Place:
    """One company's running workspace."""

    customer: Customer
    desk: Desk
    workspace_id: UUID
    host: str

    def entry(self, **changes: object) -> Pass:
        """Return the owner's pass, changed as a test wants."""
        facts = {
            "workspace_id": self.workspace_id,
            "user_id": self.customer.user.id,
            "session_epoch": self.customer.user.session_epoch,
        }
        return Pass(**{**facts, **changes})  # type: ignore[arg-type]  # the fields stand above


class Edge:
    """Asks the application what Traefik would ask."""

    def __init__(self, application: Litestar, settings: Settings) -> None:
        self.application = application
        self.settings = settings

    async def ask(
        self,
        host: str,
        path: str = "/",
        *,
        cookies: str = "",
        kind: dict[str, str] = PAGE,
        address: str = "127.0.0.1",
    ) -> httpx.Response:
        """Ask whether a request may pass."""
        headers = {
            **kind,
            "x-forwarded-host": host,
            "x-forwarded-uri": path,
            "x-forwarded-method": "GET",
            "x-forwarded-proto": "http",
        }
        if cookies:
            headers["cookie"] = cookies
        async with browser(self.application, address=address) as traefik:
            return await traefik.get("/edge/authorize", headers=httpx.Headers(headers, encoding="utf-8"))

    def cookie(self, entry: Pass, at: datetime | None = None) -> str:
        """Return the workspace's own cookie for a pass."""
        return f"{COOKIE}={seal_pass(self.settings.keys, entry, at or now())}"


@pytest.fixture
def edge(application: Litestar, settings: Settings) -> Edge:
    return Edge(application, settings)


@pytest.fixture
async def place(resources: Resources) -> Place:
    """Acme's workspace `shop`."""
    return await make_place(resources, "Acme", "shop")


async def make_place(resources: Resources, company: str, name: str) -> Place:
    """Found a company and bring a workspace of it to run."""
    sessions: async_sessionmaker[AsyncSession] = resources.session_maker
    customer = await make_customer(sessions, name=company)
    desk = Desk(sessions, customer, now)
    workspace_id = await desk.create(name)
    await work_off(machinery_of(resources))
    host = f"{name}--{customer.company.slug}.{resources.settings.workspace_domain}"
    return Place(customer, desk, workspace_id, host)
