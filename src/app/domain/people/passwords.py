"""A new password: chosen by who knows the old one, or by who reads the account's mail."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import User
from app.domain.accounts.passwords import new_password_hash, password_matches
from app.domain.accounts.queries import user_by_email
from app.domain.accounts.verification import mark_verified
from app.domain.audit.service import record
from app.domain.notifications import service as notifications
from app.domain.notifications.messages import PasswordChanged, PasswordReset, SealedLink
from app.domain.people.email_change import drop_change
from app.domain.people.links import read_link, useless
from app.lib.crypto import derive_secrets
from app.lib.errors import InvalidInput
from app.lib.i18n import N_
from app.lib.settings import Settings

PURPOSE = "password-reset"
PATH = "/password-reset"
GOOD_FOR = timedelta(hours=1)
ONE_MAIL_IN = timedelta(minutes=2)
"""Whoever asks more often gets no further mail: the link they have still works."""


async def request_reset(session: AsyncSession, email: str, *, settings: Settings, at: datetime) -> None:
    """Send a customer a link that chooses a new password; an address we do not know gets nothing.

    Operators get none either: their accounts are made by the command line alone.
    """
    user = await user_by_email(session, email)
    if user is None or user.is_operator:
        return
    expires_at = at + GOOD_FOR
    link = SealedLink(PATH, PURPOSE, f"{user.id.hex}.{_fingerprints(settings, user)[0]}", expires_at)
    slot = int(at.timestamp() // ONE_MAIL_IN.total_seconds())
    await notifications.queue_email(
        session,
        occasion=f"{PURPOSE}:{user.id}:{slot}",
        message=PasswordReset(full_name=user.full_name, link=link, expires_at=expires_at),
        recipient=user.email,
        language=user.language,
        company_id=None,
        at=at,
    )


async def holder_of(session: AsyncSession, token: str, *, settings: Settings, at: datetime) -> User:
    """Return whose password a link may choose, held for this transaction. Raises `LinkUseless`.

    A link carries a fingerprint of the address it went to and of the password it replaces, and ends with
    either: nothing is stored, and of two that use one link at once the second finds the password changed.
    """
    user_id, fingerprint = read_link(token, PURPOSE, settings=settings, at=at)
    user = await session.get(User, UUID(user_id), with_for_update=True)
    if user and not user.is_operator and fingerprint in _fingerprints(settings, user):
        return user
    raise useless()


async def reset_password(
    session: AsyncSession, token: str, password: str, *, settings: Settings, at: datetime
) -> User:
    """Choose a new password by a link from the mail, which also shows that the address is read.

    Raises `LinkUseless` and `InvalidInput`.
    """
    user = await holder_of(session, token, settings=settings, at=at)
    mark_verified(session, user, at=at)
    await _set_password(session, user, password, action="account.password_reset", settings=settings, at=at)
    return user


async def change_password(
    session: AsyncSession, user: User, *, current: str, password: str, settings: Settings, at: datetime
) -> None:
    """Choose a new password by the old one; every session ends, also the one that asks.

    Raises `InvalidInput` at the field that is wrong.
    """
    await session.refresh(user, with_for_update=True)
    if not await password_matches(current, user.password_hash):
        raise InvalidInput(N_("This is not your password."), field="current")
    if current == password:
        raise InvalidInput(N_("Choose another password than the one you have."), field="password")
    await _set_password(session, user, password, action="account.password_changed", settings=settings, at=at)


async def _set_password(
    session: AsyncSession, user: User, password: str, *, action: str, settings: Settings, at: datetime
) -> None:
    user.password_hash = await new_password_hash(password, about=(user.email, user.full_name))
    user.session_epoch += 1
    await drop_change(session, user, at=at)  # whoever asked for it may have known the old password
    record(session, at=at, action=action, subject=user.id, company_id=None, actor_id=user.id)
    await notifications.queue_email(
        session,
        occasion=f"password-changed:{user.id}:{user.session_epoch}",
        message=PasswordChanged(
            full_name=user.full_name, changed_at=at, reset_url=f"{settings.base_url}{PATH}"
        ),
        recipient=user.email,
        language=user.language,
        company_id=None,
        at=at,
    )


def _fingerprints(settings: Settings, user: User) -> list[str]:
    """Return what stands for the password in a link: under the newest key, and under each older one."""
    secrets = derive_secrets(settings.keys, f"{PURPOSE}|{user.id}|{user.email}|{user.password_hash}")
    return [secret[:32] for secret in secrets]
