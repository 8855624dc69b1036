"""What a running process holds: built once by the server, handed to every task."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol, cast

import httpx
from redis.asyncio import Redis
from saq.types import Context
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.domain.notifications.mailer import Mailer
from app.domain.ops.forecasts.service import Foretold
from app.domain.payments.gateway import PaymentGateway
from app.domain.workspaces.drivers.base import WorkspaceDriver
from app.domain.workspaces.routing import Routes
from app.lib.settings import Settings
from app.lib.storage import Storage


class Foretell(Protocol):
    """Rehearses a day on a copy of the data; raises `DomainError` when there can be none."""

    async def __call__(self, resources: "Resources", day: date, *, at: datetime) -> Foretold: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Connections and adapters of one process."""

    settings: Settings
    engine: AsyncEngine
    session_maker: async_sessionmaker[AsyncSession]
    redis: "Redis"
    http: httpx.AsyncClient
    storage: Storage
    gateway: PaymentGateway
    mailer: Mailer
    driver: WorkspaceDriver
    routes: Routes
    foretell: Foretell
    """The rehearsal, which stands above the tasks that it runs."""
    rows_at_once: int = 4
    """Rows of one sweep in work at a moment: one that waits for a slow answer does not hold up the rest."""
    keeps_runs: bool = True
    """Whether each run leaves a row for operators; a rehearsal's are nobody's concern."""


def resources_of(context: Context) -> Resources:
    """Return the process's resources from a task's context."""
    return cast("Resources", cast("dict[str, Any]", context)["resources"])
