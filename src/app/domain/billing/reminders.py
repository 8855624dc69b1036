"""Telling a company about its money: whom, in which language, and every reminder once.

The ledger row and the mails of a reminder are one transaction, so neither is ever there without the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.db.models import Company, Membership, Reminder, ReminderKind, Role, Subscription, User
from app.domain.notifications.messages import Message
from app.domain.notifications.service import queue_email
from app.lib.clock import ISTANBUL
from app.lib.ids import uuid7
from app.lib.statements import Statement, fetch

TOLD_ABOUT_MONEY = (Role.OWNER, Role.BILLING)
PEOPLE = (
    select(User, Company)
    .join(Membership, Membership.user_id == User.id)
    .join(Company, Company.id == Membership.company_id)
    .where(Membership.company_id == bindparam("company_id"), Membership.role.in_(TOLD_ABOUT_MONEY))
    .order_by(Membership.created_at, Membership.id)
)
NOTE = Statement("""
INSERT INTO reminders (id, company_id, subscription_id, kind, due_at, noted_at, sent)
VALUES (:id, :company_id, :subscription_id, :kind, :due_at, :noted_at, :sent)
    ON CONFLICT (subscription_id, kind, due_at) DO NOTHING
RETURNING id
""")


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who is told, and the company it is about."""

    user: User
    company: Company


Write = Callable[[Reader], Message]
"""Writes the letter to one person."""


def days_ahead(instant: datetime, days: int) -> datetime:
    """Return the same local time so many days before, on the calendar of Europe/Istanbul."""
    return (instant.astimezone(ISTANBUL) - timedelta(days=days)).astimezone(UTC)


def days_until(instant: datetime, at: datetime) -> int:
    """Return how many midnights of Europe/Istanbul lie between: 0 is today, 1 tomorrow."""
    return (instant.astimezone(ISTANBUL).date() - at.astimezone(ISTANBUL).date()).days


def lacks_reminder(
    kind: ReminderKind, instant: InstrumentedAttribute[datetime | None], ahead: Sequence[int], *, at: datetime
) -> ColumnElement[bool]:
    """Return the condition that a subscription's latest due reminder, days ahead of a column, is not noted.

    It finds rows to look at; `remind_latest` decides.
    """
    lengths = [timedelta(days=days) for days in sorted(ahead)]
    latest = case(*((instant <= at + length, instant - length) for length in lengths))
    noted = exists().where(
        Reminder.subscription_id == Subscription.id, Reminder.kind == kind, Reminder.due_at == latest
    )
    return and_(instant <= at + lengths[-1], ~noted)


async def people_to_tell(session: AsyncSession, company_id: UUID) -> list[Reader]:
    """Return a company's owners and billing people, who joined first standing first."""
    rows = await session.execute(PEOPLE, {"company_id": company_id})
    return [Reader(user, company) for user, company in rows]


async def tell(session: AsyncSession, company_id: UUID, *, occasion: str, write: Write, at: datetime) -> int:
    """Queue a letter to each of these people in their own language, once an occasion; return how many."""
    people = await people_to_tell(session, company_id)
    for person in people:
        await queue_email(
            session,
            occasion=f"{occasion}:{person.user.id}",
            message=write(person),
            recipient=person.user.email,
            language=person.user.language,
            company_id=company_id,
            at=at,
        )
    return len(people)


async def remind_once(
    session: AsyncSession,
    subscription: Subscription,
    kind: ReminderKind,
    *,
    due_at: datetime,
    at: datetime,
    write: Write,
) -> bool:
    """Write down the reminder that was due at `due_at` and queue its letters; say whether it was new.

    A second worker waits for the first one's transaction and then finds it noted.
    """
    if not await _note(session, subscription, kind, due_at=due_at, at=at, sent=True):
        return False
    occasion = f"{kind}:{subscription.id}:{due_at.isoformat()}"
    await tell(session, subscription.company_id, occasion=occasion, write=write, at=at)
    return True


async def remind_latest(
    session: AsyncSession,
    subscription: Subscription,
    kind: ReminderKind,
    *,
    due: Sequence[datetime],
    at: datetime,
    write: Write,
) -> bool:
    """Send the latest of several reminders that are due, once; the earlier ones are noted as not sent.

    A late run so catches up with one letter, never with a bundle of them.
    """
    passed = sorted(due_at for due_at in due if due_at <= at)
    await pass_over(session, subscription, kind, due=passed[:-1], at=at)
    if not passed:
        return False
    return await remind_once(session, subscription, kind, due_at=passed[-1], at=at, write=write)


async def pass_over(
    session: AsyncSession,
    subscription: Subscription,
    kind: ReminderKind,
    *,
    due: Sequence[datetime],
    at: datetime,
) -> None:
    """Note the reminders that are due as not sent, because there is nothing to say any more."""
    for due_at in due:
        if due_at <= at:
            await _note(session, subscription, kind, due_at=due_at, at=at, sent=False)


async def is_noted(
    session: AsyncSession, subscription: Subscription, kind: ReminderKind, due_at: datetime
) -> bool:
    """Say whether a reminder is written down, sent or not."""
    noted = exists().where(
        Reminder.subscription_id == subscription.id, Reminder.kind == kind, Reminder.due_at == due_at
    )
    return bool(await session.scalar(select(noted)))


async def _note(
    session: AsyncSession,
    subscription: Subscription,
    kind: ReminderKind,
    *,
    due_at: datetime,
    at: datetime,
    sent: bool,
) -> bool:
    parameters = {
        "id": uuid7(),
        "company_id": subscription.company_id,
        "subscription_id": subscription.id,
        "kind": kind.value,
        "due_at": due_at,
        "noted_at": at,
        "sent": sent,
    }
    return bool(await fetch(session, NOTE, parameters))
