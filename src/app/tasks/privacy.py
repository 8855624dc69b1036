"""Copies of somebody's data, and companies that are to be closed."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from uuid import UUID

from saq.types import Context

from app.domain.billing.archives.service import follow_archive
from app.domain.billing.closing.service import close_company, due_closings
from app.domain.ops.runs import Tally
from app.domain.people.privacy.archives import due_archives
from app.lib.clock import real_now
from app.lib.session_directory import SessionDirectory
from app.lib.sessions import IDLE_FOR
from app.tasks.context import Resources, resources_of
from app.tasks.sweeping import sweep


async def make_archive(context: Context, *, archive_id: str) -> None:
    """Make one copy."""
    await _follow(resources_of(context), UUID(archive_id), real_now())


async def sweep_archives(context: Context) -> None:
    """Make the copies that the queue has missed, and remove those whose days are over."""
    await SWEEPS["sweep_archives"](resources_of(context), real_now())


async def close_companies(context: Context) -> None:
    """Close the companies of which nothing runs any more."""
    await SWEEPS["close_companies"](resources_of(context), real_now())


async def _follow(resources: Resources, archive_id: UUID, at: datetime) -> None:
    directory = SessionDirectory(resources.redis, lifetime=IDLE_FOR)
    maker, storage, settings = resources.session_maker, resources.storage, resources.settings
    await follow_archive(maker, storage, directory, settings, archive_id, at=at)


async def _close(resources: Resources, company_id: UUID, at: datetime) -> None:
    await close_company(resources.session_maker, company_id, at=at)


SWEEPS: dict[str, Callable[[Resources, datetime], Awaitable[Tally]]] = {
    "sweep_archives": partial(sweep, name="sweep_archives", find=due_archives, do=_follow),
    "close_companies": partial(sweep, name="close_companies", find=due_closings, do=_close),
}
