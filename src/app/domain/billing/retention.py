"""The files of a company without a plan: kept for a while, announced, then deleted; documents always stay.

They are never deleted without a last letter and a whole day after it. A payment in between clears the due
column (`settlement.store.ACTIVATION`), and nothing of this happens any more.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import (
    SUBSCRIPTION_TRANSITIONS,
    ReminderKind,
    Subscription,
    SubscriptionStatus,
)
from app.domain.audit.service import record
from app.domain.billing.reminders import (
    Write,
    days_ahead,
    days_until,
    is_noted,
    lacks_reminder,
    pass_over,
    remind_latest,
)
from app.domain.companies.clocks import lives_here
from app.domain.jobs import Job
from app.domain.notifications.messages import DeletionNear
from app.domain.subscriptions.queries import claim_subscription
from app.domain.workspaces.queries import count_live
from app.domain.workspaces.standstill import delete_all
from app.lib.settings import Settings
from app.lib.uow import defer, unit_of_work

REMINDED_AHEAD = (7, 1)
"""Days before the deletion at which it is announced."""
LAST_CHANCE = timedelta(days=1)
"""How long after the last letter files stay, however late that letter was."""
AT_MOST = 1000


class Retained(StrEnum):
    """What one look at a company's files came to."""

    KEPT = "kept"
    DELETING = "deleting"
    DELETED = "deleted"


async def due_retention(session: AsyncSession, *, at: datetime, limit: int = AT_MOST) -> list[UUID]:
    """Return the subscriptions whose files are to be deleted, or whose deletion is to be announced."""
    until = Subscription.data_kept_until
    statement = (
        select(Subscription.id)
        .where(
            Subscription.status.in_((SubscriptionStatus.SUSPENDED, SubscriptionStatus.CANCELED)),
            until <= at + timedelta(days=REMINDED_AHEAD[0]),  # what the index is read for
            Subscription.data_deleted_at.is_(None),
            lives_here(session, Subscription.company_id),
            or_(until <= at, lacks_reminder(ReminderKind.DELETION, until, REMINDED_AHEAD, at=at)),
        )
        .order_by(until, Subscription.id)
        .limit(limit)
    )
    return list(await session.scalars(statement))


async def check_retention(
    session_maker: async_sessionmaker[AsyncSession],
    settings: Settings,
    subscription_id: UUID,
    *,
    at: datetime,
) -> Retained:
    """Announce or carry out the deletion of one company's files, whichever is due."""
    async with unit_of_work(session_maker) as session:
        subscription = await claim_subscription(session, subscription_id)
        if subscription is None or subscription.data_kept_until is None or subscription.data_deleted_at:
            return Retained.KEPT
        count = await count_live(session, subscription.company_id)
        until = await _kept_until(session, subscription, subscription.data_kept_until, count, at=at)
        if at < until:
            await _announce(session, subscription, until, count, settings=settings, at=at)
            return Retained.KEPT
        return await _delete(session, subscription, at=at)


async def _kept_until(
    session: AsyncSession, subscription: Subscription, until: datetime, count: int, *, at: datetime
) -> datetime:
    """Return until when files are kept: a last letter that comes late moves the day it speaks of."""
    last_letter = days_ahead(until, REMINDED_AHEAD[-1])
    if count == 0 or at < last_letter:
        return until
    if await is_noted(session, subscription, ReminderKind.DELETION, last_letter):
        return until
    subscription.data_kept_until = max(until, at + LAST_CHANCE)
    return subscription.data_kept_until


async def _announce(
    session: AsyncSession,
    subscription: Subscription,
    until: datetime,
    count: int,
    *,
    settings: Settings,
    at: datetime,
) -> None:
    due = [days_ahead(until, days) for days in REMINDED_AHEAD]
    if count == 0:
        await pass_over(session, subscription, ReminderKind.DELETION, due=due, at=at)
        return
    write = _letter(until, count, settings=settings, at=at)
    await remind_latest(session, subscription, ReminderKind.DELETION, due=due, at=at, write=write)


async def _delete(session: AsyncSession, subscription: Subscription, *, at: datetime) -> Retained:
    """Ask for the end of every workspace; once all are gone it is noted. A trial that ended is canceled."""
    if subscription.status is SubscriptionStatus.SUSPENDED:
        subscription.status = SUBSCRIPTION_TRANSITIONS.move(subscription.status, SubscriptionStatus.CANCELED)
        subscription.canceled_at = at
    asked = await delete_all(session, subscription.company_id, at=at)
    gone = await count_live(session, subscription.company_id) == 0
    if gone:
        subscription.data_deleted_at = at
    if asked or gone:
        record(
            session,
            at=at,
            action="files.deleted" if gone else "files.deletion_requested",
            subject=subscription.id,
            company_id=subscription.company_id,
            actor="system",
            facts={"workspaces": asked},
        )
    defer(session, Job.ANNOUNCE, company_id=str(subscription.company_id))
    return Retained.DELETED if gone else Retained.DELETING


def _letter(until: datetime, count: int, *, settings: Settings, at: datetime) -> Write:
    return lambda reader: DeletionNear(
        full_name=reader.user.full_name,
        company_name=reader.company.name,
        workspace_count=count,
        data_kept_until=until,
        days_left=days_until(until, at),
        billing_url=f"{settings.base_url}/billing",
    )
