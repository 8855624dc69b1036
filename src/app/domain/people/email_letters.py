"""The letters of a change of address: one to each side, and one to both when it is made."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, cast, exists, func, or_
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import EmailChange, EmailChangeOutcome, EmailMessage, User
from app.domain.accounts.queries import user_by_email
from app.domain.notifications import service as notifications
from app.domain.notifications.messages import (
    EmailChangeAsked,
    EmailChanged,
    EmailChangeToConfirm,
    EmailHasAccount,
    Message,
    SealedLink,
)
from app.lib.settings import Settings

PURPOSE, CHANGED = "email-change", "email-changed"
PATH = "/email-change"
ONE_MAIL_IN = timedelta(minutes=2)
"""Whoever asks more often gets no further mail: the link they have still works."""


class Side(StrEnum):
    """Which of the two addresses a letter goes to, and so which one its link speaks for."""

    OLD = "old"
    NEW = "new"


async def write_to_sides(
    session: AsyncSession, user: User, change: EmailChange, *, settings: Settings, at: datetime
) -> None:
    """Write to each address that has still to confirm."""
    if change.awaits_old(user):
        link = _link(change, Side.OLD)
        asked = EmailChangeAsked(
            full_name=user.full_name, new_email=change.new_email, link=link, expires_at=change.expires_at
        )
        await _queue(session, asked, change.old_email, user.language, _occasion(change, Side.OLD, at), at)
    if change.awaits_new:
        await _write_to_new(session, user, change, settings=settings, at=at)


async def announce(
    session: AsyncSession, user: User, change: EmailChange, *, settings: Settings, at: datetime
) -> None:
    """Tell both addresses that the change is made; one that was never confirmed may be a stranger's."""
    told = EmailChanged(
        full_name=user.full_name,
        old_email=change.old_email,
        new_email=change.new_email,
        changed_at=at,
        login_url=f"{settings.base_url}/login",
    )
    await _queue(session, told, change.new_email, user.language, f"{CHANGED}:{change.id}:{Side.NEW}", at)
    if change.old_confirmed_at is not None:
        occasion = f"{CHANGED}:{change.id}:{Side.OLD}"
        await _queue(session, told, change.old_email, user.language, occasion, at)


def is_left_behind(user_id: UUID) -> ColumnElement[bool]:
    """Match the letters about a person's changes of address, and those that went to addresses they have left.

    What goes to such an address later is its next holder's.
    """
    change_id = cast(EmailChange.id, Text)
    about = or_(
        EmailMessage.dedupe_key.startswith(f"{PURPOSE}:" + change_id),
        EmailMessage.dedupe_key.startswith(f"{CHANGED}:" + change_id),
    )
    is_theirs = and_(
        EmailChange.outcome == EmailChangeOutcome.DONE,
        func.lower(EmailMessage.recipient) == func.lower(EmailChange.old_email),
        EmailMessage.created_at <= EmailChange.ended_at,
    )
    return exists().where(EmailChange.user_id == user_id, or_(about, is_theirs)).correlate(EmailMessage)


async def _write_to_new(
    session: AsyncSession, user: User, change: EmailChange, *, settings: Settings, at: datetime
) -> None:
    """Ask the new address to confirm; one with an account is told so instead, and nobody else is."""
    holder = await user_by_email(session, change.new_email)
    letter: Message
    if holder is None:
        letter, language = (
            EmailChangeToConfirm(
                full_name=user.full_name,
                new_email=change.new_email,
                link=_link(change, Side.NEW),
                expires_at=change.expires_at,
            ),
            user.language,
        )
    else:
        letter, language = (
            EmailHasAccount(
                full_name=holder.full_name, email=holder.email, login_url=f"{settings.base_url}/login"
            ),
            holder.language,
        )
    await _queue(session, letter, change.new_email, language, _occasion(change, Side.NEW, at), at)


def _link(change: EmailChange, side: Side) -> SealedLink:
    return SealedLink(PATH, PURPOSE, f"{change.id.hex}.{side}", change.expires_at)


def _occasion(change: EmailChange, side: Side, at: datetime) -> str:
    return f"{PURPOSE}:{change.id}:{side}:{int(at.timestamp() // ONE_MAIL_IN.total_seconds())}"


async def _queue(
    session: AsyncSession, letter: Message, recipient: str, language: str, occasion: str, at: datetime
) -> None:
    await notifications.queue_email(
        session,
        occasion=occasion,
        message=letter,
        recipient=recipient,
        language=language,
        company_id=None,
        at=at,
    )
