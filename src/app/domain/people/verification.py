"""Confirming an e-mail address: by a link in a letter to it, on any device, logged in or not."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import User
from app.domain.accounts.limits import account_key
from app.domain.accounts.verification import mark_verified
from app.domain.notifications import service as notifications
from app.domain.notifications.messages import EmailVerification, SealedLink
from app.domain.people.links import read_link, useless
from app.lib.settings import Settings

PURPOSE = "email-verification"
PATH = "/email-verification"
GOOD_FOR = timedelta(days=3)
ONE_MAIL_IN = timedelta(minutes=2)
"""Whoever asks more often gets no further mail: the link they have still works."""


def verification_link(user: User, *, at: datetime) -> SealedLink:
    """Return the link that confirms the address the person has now; with another one it is worth nothing."""
    return SealedLink(PATH, PURPOSE, f"{user.id.hex}.{account_key(user.email)}", at + GOOD_FOR)


async def send_link(session: AsyncSession, user: User, *, at: datetime) -> None:
    """Write to the person's address again; one that is confirmed gets nothing."""
    if user.email_verified_at is not None:
        return
    link = verification_link(user, at=at)
    slot = int(at.timestamp() // ONE_MAIL_IN.total_seconds())
    await notifications.queue_email(
        session,
        occasion=f"{PURPOSE}:{user.id}:{account_key(user.email)}:{slot}",
        message=EmailVerification(
            full_name=user.full_name, email=user.email, link=link, expires_at=link.expires_at
        ),
        recipient=user.email,
        language=user.language,
        company_id=None,
        at=at,
    )


async def holder_of(
    session: AsyncSession, token: str, *, settings: Settings, at: datetime, lock: bool = False
) -> User:
    """Return whose address a link confirms, or has confirmed. Raises `LinkUseless`."""
    user_id, account = read_link(token, PURPOSE, settings=settings, at=at)
    user = await session.get(User, UUID(user_id), with_for_update=lock, populate_existing=lock)
    if user is None or account != account_key(user.email):
        raise useless()
    return user


async def verify(session: AsyncSession, token: str, *, settings: Settings, at: datetime) -> User:
    """Confirm the address a link was sent to; again changes nothing. Raises `LinkUseless`."""
    user = await holder_of(session, token, settings=settings, at=at, lock=True)
    mark_verified(session, user, at=at)
    return user
