"""The subscription manager: what has ended is renewed or canceled, and what is owed is followed up."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog
from saq.types import Context
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Subscription
from app.domain.billing.dunning import service as dunning
from app.domain.billing.renewals import service as renewals
from app.domain.ops.runs import Tally
from app.domain.subscriptions.entitlement import entitlement_of
from app.domain.subscriptions.queries import newest_subscription
from app.domain.workspaces.standstill import stop_all, uncovered_companies
from app.lib.clock import now
from app.lib.settings import Settings
from app.lib.uow import unit_of_work
from app.tasks.context import Resources, resources_of
from app.tasks.sweeping import run_of

NAME = "subscription_manager"
AT_MOST = 5_000
"""Subscriptions of one kind in one run; the next run takes up where it ends."""
PAGE = 200
"""Rows that are read at a time."""
Key = tuple[datetime, UUID]
log = structlog.stdlib.get_logger("subscriptions")


class DuePage(Protocol):
    """Reads the next due rows behind a key, in their order."""

    async def __call__(
        self, session: AsyncSession, *, at: datetime, after: Key | None, limit: int
    ) -> list[Key]: ...


class Claim(Protocol):
    """Takes one row that is still due, unless another worker holds it."""

    async def __call__(
        self, session: AsyncSession, subscription_id: UUID, *, at: datetime
    ) -> Subscription | None: ...


class Act(Protocol):
    """Does what is due for a row that is held."""

    async def __call__(
        self, session: AsyncSession, subscription: Subscription, *, settings: Settings, at: datetime
    ) -> None: ...


@dataclass
class Pass:
    """One walk over the due rows in their order, a page at a time; each is tried once, also if it fails."""

    due_page: DuePage
    claim: Claim
    act: Act
    page: list[Key] = field(default_factory=list)
    after: Key | None = None
    left: int = AT_MOST
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def next_id(self, resources: Resources, at: datetime) -> UUID | None:
        """Return the next row to try, or nothing at the end of the walk."""
        async with self.turn:
            if not self.page and self.left:
                await self._turn_page(resources, at)
            if not self.page:
                return None
            self.after = self.page.pop()
            return self.after[1]

    async def _turn_page(self, resources: Resources, at: datetime) -> None:
        """Read on; the rows are let go again, since each is taken by itself."""
        limit = min(PAGE, self.left)
        async with unit_of_work(resources.session_maker) as session:
            page = await self.due_page(session, at=at, after=self.after, limit=limit)
        self.page, self.left = page[::-1], self.left - len(page)


async def subscription_manager(context: Context) -> None:
    """Renew what has ended, and follow up what is owed."""
    await manage_subscriptions(resources_of(context), now())


async def manage_subscriptions(resources: Resources, at: datetime) -> Tally:
    """Do all that is due for paid subscriptions, each in its own transaction; many workers may do so."""
    async with run_of(resources, NAME) as tally:
        for work in (
            Pass(renewals.due_page, renewals.claim, renewals.renew),
            Pass(dunning.due_page, dunning.claim, dunning.look),
        ):
            hands = (_work_off(resources, at, work, tally) for _ in range(resources.rows_at_once))
            await asyncio.gather(*hands)
        await _stop_uncovered(resources, at, tally)
    return tally


async def _work_off(resources: Resources, at: datetime, work: Pass, tally: Tally) -> None:
    while (row_id := await work.next_id(resources, at)) is not None:
        try:
            taken = await _take(resources, at, work, row_id)
        except Exception as error:
            tally.found += 1
            tally.fail(row_id, error)
            log.exception("subscription.failed", row=str(row_id))
        else:
            tally.found, tally.done = tally.found + taken, tally.done + taken


async def _take(resources: Resources, at: datetime, work: Pass, row_id: UUID) -> bool:
    """Say whether the row was still due and is done now."""
    async with unit_of_work(resources.session_maker) as session:
        subscription = await work.claim(session, row_id, at=at)
        if subscription is not None:
            await work.act(session, subscription, settings=resources.settings, at=at)
    return subscription is not None


async def _stop_uncovered(resources: Resources, at: datetime, tally: Tally) -> None:
    """Stop what a start that was under way has brought up after its subscription was suspended."""
    async with unit_of_work(resources.session_maker) as session:
        companies = await uncovered_companies(session)
    tally.found += len(companies)
    for company_id in companies:
        try:
            await _stop_if_uncovered(resources, at, company_id)
            tally.done += 1
        except Exception as error:
            tally.fail(company_id, error)
            log.exception("subscription.not_stopped", company=str(company_id))


async def _stop_if_uncovered(resources: Resources, at: datetime, company_id: UUID) -> None:
    async with unit_of_work(resources.session_maker) as session:
        subscription = await newest_subscription(session, company_id, lock=True)
        if not entitlement_of(subscription, at).may_run_workspaces:
            await stop_all(session, company_id, at=at)


SWEEPS: dict[str, Callable[[Resources, datetime], Awaitable[Tally]]] = {NAME: manage_subscriptions}
