"""What happens to a second factor, told: in the audit trail, and to its owner by mail."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import User
from app.domain.audit.service import record
from app.domain.notifications import service as notifications
from app.domain.notifications.messages import (
    CodesGuessed,
    Message,
    RecoveryCodeUsed,
    TwoFactorChange,
    TwoFactorChanged,
)
from app.lib.settings import Settings

PATH = "/account/two-factor"


async def tell_change(
    session: AsyncSession, user: User, change: TwoFactorChange, *, settings: Settings, at: datetime
) -> None:
    """Note that a second factor is another one, has new recovery codes, or is none any more."""
    by_us = change is TwoFactorChange.RESET
    record(
        session,
        at=at,
        action=f"account.two_factor_{change.value}",
        subject=user.id,
        company_id=None,
        actor_id=None if by_us else user.id,
        actor="system" if by_us else "user",
    )
    address = f"{settings.base_url}{PATH}"
    message = TwoFactorChanged(full_name=user.full_name, change=change, changed_at=at, account_url=address)
    await _write(session, user, f"two-factor:{user.id}:{change.value}:{at.timestamp()}", message, at=at)


async def tell_use(
    session: AsyncSession, user: User, code_id: UUID, left: int, *, settings: Settings, at: datetime
) -> None:
    """Note that a recovery code stood in for the app, and how many are left."""
    record(
        session,
        at=at,
        action="account.recovery_code_used",
        subject=user.id,
        company_id=None,
        actor_id=user.id,
        facts={"left": left},
    )
    address = f"{settings.base_url}{PATH}"
    message = RecoveryCodeUsed(full_name=user.full_name, used_at=at, left=left, account_url=address)
    await _write(session, user, f"recovery-code-used:{code_id}", message, at=at)


async def warn_of_guesses(session: AsyncSession, user: User, *, settings: Settings, at: datetime) -> None:
    """Tell somebody, once a day, that their password is known to who tries codes."""
    address = f"{settings.base_url}/password-reset"
    message = CodesGuessed(full_name=user.full_name, tried_at=at, reset_url=address)
    await _write(session, user, f"codes-guessed:{user.id}:{at:%Y-%m-%d}", message, at=at)


async def _write(session: AsyncSession, user: User, occasion: str, message: Message, *, at: datetime) -> None:
    await notifications.queue_email(
        session,
        occasion=occasion,
        message=message,
        recipient=user.email,
        language=user.language,
        company_id=None,
        at=at,
    )
