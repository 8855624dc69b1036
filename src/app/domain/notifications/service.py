"""The outbox: mails are rows first, unique per occasion, and are sent by a task."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import EmailMessage
from app.domain.companies.clocks import lives_here
from app.domain.jobs import Job
from app.domain.notifications.messages import Message
from app.lib.ids import uuid7
from app.lib.statements import Statement, Transaction, count
from app.lib.uow import defer

LEASE = timedelta(minutes=5)
RETRY_AFTER = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=24),
)
"""How long to wait after each try that the server could not take; then the mail has failed."""

QUEUE = Statement("""
INSERT INTO email_messages
       (id, created_at, dedupe_key, company_id, template, recipient, language, context, invoice_id,
        next_attempt_at, attempts)
VALUES (:id, :next_attempt_at, :dedupe_key, :company_id, :template, :recipient, :language,
        CAST(:context AS jsonb), :invoice_id, :next_attempt_at, 0)
    ON CONFLICT DO NOTHING
""")
"""Reads nothing: who writes a letter need not be allowed to see it."""


async def queue_email(
    transaction: Transaction,
    *,
    occasion: str,
    message: Message,
    recipient: str,
    language: str,
    company_id: UUID | None,
    at: datetime,
    invoice_id: UUID | None = None,
) -> None:
    """Put one mail into the outbox; a second call for the same occasion changes nothing."""
    message_id = uuid7()
    queued = await count(
        transaction,
        QUEUE,
        {
            "id": message_id,
            "dedupe_key": occasion,
            "company_id": company_id,
            "template": message.template,
            "recipient": recipient,
            "language": language,
            "context": msgspec.json.encode(message.context()).decode(),
            "invoice_id": invoice_id,
            "next_attempt_at": at,
        },
    )
    if queued:
        defer(transaction, Job.SEND_EMAIL, key=f"email:{message_id}", message_id=str(message_id))


async def claim_email(session: AsyncSession, message_id: UUID, *, at: datetime) -> EmailMessage | None:
    """Take a due mail for one try: it is not due again for `LEASE`, so nobody else sends it meanwhile.

    A crash while sending leaves it due after the lease; the worst case is one mail twice, under one
    Message-ID.
    """
    return await session.scalar(
        update(EmailMessage)
        .where(EmailMessage.id == message_id, EmailMessage.next_attempt_at <= at)
        .values(next_attempt_at=at + LEASE, attempts=EmailMessage.attempts + 1)
        .returning(EmailMessage)
    )


async def due_emails(session: AsyncSession, *, at: datetime, limit: int = 200) -> list[UUID]:
    """Return the ids of mails whose time has come, oldest first."""
    statement = (
        select(EmailMessage.id)
        .where(EmailMessage.next_attempt_at <= at, lives_here(session, EmailMessage.company_id))
        .order_by(EmailMessage.next_attempt_at)
        .limit(limit)
    )
    return list(await session.scalars(statement))


def mark_sent(message: EmailMessage, *, at: datetime) -> None:
    """Note that the server took the mail."""
    message.sent_at, message.next_attempt_at, message.last_error = at, None, None


def mark_deferred(message: EmailMessage, reason: str, *, at: datetime) -> None:
    """Note that the server could not take it now; after the last try it has failed."""
    if message.attempts > len(RETRY_AFTER):
        mark_refused(message, reason, at=at)
    else:
        message.last_error, message.next_attempt_at = reason, at + RETRY_AFTER[message.attempts - 1]


def mark_refused(message: EmailMessage, reason: str, *, at: datetime) -> None:
    """Note that the server will never take it."""
    message.last_error, message.failed_at, message.next_attempt_at = reason, at, None
