"""Sending what lies in the outbox, with the invoice attached where there is one."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from jinja2 import TemplateError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import EmailMessage, Invoice
from app.domain.notifications import service as outbox
from app.domain.notifications.mailer import (
    Attachment,
    Mailer,
    MailRefused,
    MailUnavailable,
    OutgoingEmail,
)
from app.domain.notifications.rendering import render_email
from app.lib.settings import Settings
from app.lib.storage import NoSuchDocument, Storage
from app.lib.uow import unit_of_work


async def send_email(
    session_maker: async_sessionmaker[AsyncSession],
    mailer: Mailer,
    storage: Storage,
    settings: Settings,
    message_id: UUID,
    *,
    at: datetime,
) -> bool:
    """Send one due mail and note the outcome; says whether the server took it.

    A mail that cannot be written (no template, no document) is noted as deferred, and the error raised.

    The claim is committed before the server is called and the outcome afterwards, so that no
    transaction is open while the network answers.
    """
    async with unit_of_work(session_maker) as session:
        message = await outbox.claim_email(session, message_id, at=at)
        invoice = await session.get(Invoice, message.invoice_id) if message and message.invoice_id else None
    if message is None:
        return False
    problem: MailRefused | MailUnavailable | None = None
    try:
        await mailer.send(await _letter(message, invoice, storage, settings))
    except (MailRefused, MailUnavailable) as error:
        problem = error
    except (NoSuchDocument, TemplateError, OSError) as error:
        await _record(
            session_maker, message_id, MailUnavailable(f"It could not be written: {type(error).__name__}"), at
        )
        raise
    await _record(session_maker, message_id, problem, at)
    return problem is None


async def _record(
    session_maker: async_sessionmaker[AsyncSession],
    message_id: UUID,
    problem: MailRefused | MailUnavailable | None,
    at: datetime,
) -> None:
    async with unit_of_work(session_maker) as session:
        message = await session.get_one(EmailMessage, message_id, with_for_update=True)
        _note(message, problem, at)


def _note(message: EmailMessage, problem: MailRefused | MailUnavailable | None, at: datetime) -> None:
    match problem:
        case None:
            outbox.mark_sent(message, at=at)
        case MailRefused():
            outbox.mark_refused(message, str(problem), at=at)
        case MailUnavailable():
            outbox.mark_deferred(message, str(problem), at=at)


async def _letter(
    message: EmailMessage, invoice: Invoice | None, storage: Storage, settings: Settings
) -> OutgoingEmail:
    rendered = render_email(message.template, message.language, message.context, settings)
    return OutgoingEmail(
        recipient=message.recipient,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        language=message.language,
        dedupe_key=message.dedupe_key,
        at=message.created_at,
        attachments=await _attachments(invoice, storage),
    )


async def _attachments(invoice: Invoice | None, storage: Storage) -> Sequence[Attachment]:
    if invoice is None or invoice.pdf_key is None:
        return ()
    return (Attachment(f"{invoice.number}.pdf", "application/pdf", await storage.get(invoice.pdf_key)),)
