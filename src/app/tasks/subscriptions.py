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
from app.domain.ops.runs import Tally, recorded_run
from app.domain.subscriptions.entitlement import entitlement_of
from app.domain.subscriptions.queries import newest_subscription
from app.domain.workspaces.standstill import stop_all, uncovered_companies
from app.lib.clock import now
from app.lib.settings import Settings
from app.lib.uow import unit_of_work
from app.tasks.context import Resources, resources_of

NAME = "subscription_manager"
AT_MOST = 5_000
"""Subscriptions of one kind in one run; the next run takes up where it ends."""
Key = tuple[datetime, UUID]
log = structlog.stdlib.get_logger("subscriptions")


class Claim(Protocol):
    """Takes the next due row behind a key, unless another worker holds it."""

    async def __call__(
        self, session: AsyncSession, *, at: datetime, after: Key | None
    ) -> Subscription | None: ...


class Act(Protocol):
    """Does what is due for a row that is held."""

    async def __call__(
        self, session: AsyncSession, subscription: Subscription, *, settings: Settings, at: datetime
    ) -> None: ...


@dataclass
class Pass:
    """One walk over the due rows in their order: each is taken once, also one that fails."""

    claim: Claim
    act: Act
    due: Callable[[Subscription], datetime | None]
    after: Key | None = None
    taken: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def take_next(self, session: AsyncSession, at: datetime) -> Subscription | None:
        """Take the next row and remember how far the walk has come."""
        async with self.turn:
            if self.taken >= AT_MOST:
                return None
            subscription = await self.claim(session, at=at, after=self.after)
            if subscription is not None:
                self.taken += 1
                self.after = (self.due(subscription) or at, subscription.id)
            return subscription


async def subscription_manager(context: Context) -> None:
    """Renew what has ended, and follow up what is owed."""
    await manage_subscriptions(resources_of(context), now())


async def manage_subscriptions(resources: Resources, at: datetime) -> Tally:
    """Do all that is due for paid subscriptions, each in its own transaction; many workers may do so."""
    async with recorded_run(resources.session_maker, NAME) as tally:
        for work in (
            Pass(renewals.claim_due, renewals.renew, lambda row: row.current_period_end),
            Pass(dunning.claim_due, dunning.look, lambda row: row.next_attempt_at),
        ):
            await asyncio.gather(
                *(_work_off(resources, at, work, tally) for _ in range(resources.rows_at_once))
            )
        await _stop_uncovered(resources, at, tally)
    return tally


async def _work_off(resources: Resources, at: datetime, work: Pass, tally: Tally) -> None:
    while (outcome := await _take_one(resources, at, work)) is not None:
        tally.found += 1
        tally.done += outcome
        tally.failed += not outcome


async def _take_one(resources: Resources, at: datetime, work: Pass) -> bool | None:
    """Say whether one row was done, or nothing when none is left; a fault of the claim itself is raised."""
    subscription: Subscription | None = None
    try:
        async with unit_of_work(resources.session_maker) as session:
            subscription = await work.take_next(session, at)
            if subscription is None:
                return None
            await work.act(session, subscription, settings=resources.settings, at=at)
    except Exception:
        if subscription is None:
            raise
        log.exception("subscription.failed", row=str(subscription.id))
        return False
    return True


async def _stop_uncovered(resources: Resources, at: datetime, tally: Tally) -> None:
    """Stop what a start that was under way has brought up after its subscription was suspended."""
    async with unit_of_work(resources.session_maker) as session:
        companies = await uncovered_companies(session)
    tally.found += len(companies)
    for company_id in companies:
        async with unit_of_work(resources.session_maker) as session:
            subscription = await newest_subscription(session, company_id, lock=True)
            if not entitlement_of(subscription, at).may_run_workspaces:
                await stop_all(session, company_id, at=at)
        tally.done += 1


SWEEPS: dict[str, Callable[[Resources, datetime], Awaitable[Tally]]] = {NAME: manage_subscriptions}
