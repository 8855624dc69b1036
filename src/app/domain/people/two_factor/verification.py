"""Accepting a code: each opens once, also for two requests at the same moment."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import RecoveryCode, SecondFactor, User
from app.db.models.second_factor import FACTOR_SECRETS
from app.domain.accounts.passwords import password_matches
from app.domain.people.two_factor.codes import APP_CODE, RECOVERY_CODE, accepted_step, cleaned, recovery_hash
from app.domain.people.two_factor.letters import tell_use
from app.lib.crypto import decrypt
from app.lib.errors import InvalidInput
from app.lib.i18n import N_
from app.lib.settings import Settings

WRONG = N_("This code is wrong or was used already. Wait for the next one and try again.")
WRONG_RECOVERY_CODE = N_("This recovery code is wrong or was used already.")


async def factor_of(session: AsyncSession, user_id: UUID, *, hold: bool = False) -> SecondFactor | None:
    """Return a person's second factor, held for this transaction if asked."""
    statement = select(SecondFactor).where(SecondFactor.user_id == user_id)
    if hold:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return await session.scalar(statement)


async def codes_left(session: AsyncSession, factor: SecondFactor) -> int:
    """Return how many recovery codes have not been used."""
    unused = select(func.count()).where(
        RecoveryCode.user_id == factor.user_id, RecoveryCode.used_at.is_(None)
    )
    return await session.scalar(unused) or 0


async def prove(
    session: AsyncSession, user: User, *, password: str, code: str, settings: Settings, at: datetime
) -> SecondFactor | None:
    """Make sure who it is, who changes a second factor: the password, and a code where there is one already.

    Holds the person and returns their factor, held too. Raises `InvalidInput` at the field that is wrong.
    """
    await session.refresh(user, with_for_update=True)
    if not await password_matches(password, user.password_hash):
        raise InvalidInput(N_("This is not your password."), field="password")
    factor = await factor_of(session, user.id, hold=True)
    if factor is not None:
        await accept_code(session, user, factor, code, settings=settings, at=at)
    return factor


async def accept_code(
    session: AsyncSession, user: User, factor: SecondFactor, typed: str, *, settings: Settings, at: datetime
) -> None:
    """Accept a code of the app or a recovery code, once; `factor` is held. Raises `InvalidInput`."""
    code, secret = cleaned(typed), decrypt(settings.keys, FACTOR_SECRETS, factor.secret)
    if RECOVERY_CODE.fullmatch(code):
        await _spend(session, user, factor, recovery_hash(secret, code), settings=settings, at=at)
        return
    step = (
        accepted_step(secret, code, at=at, after=factor.last_used_step) if APP_CODE.fullmatch(code) else None
    )
    if step is None:
        raise InvalidInput(WRONG, field="code")
    factor.last_used_step = step


async def _spend(
    session: AsyncSession,
    user: User,
    factor: SecondFactor,
    code_hash: str,
    *,
    settings: Settings,
    at: datetime,
) -> None:
    spent = await session.scalar(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == factor.user_id,
            RecoveryCode.code_hash == code_hash,
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=at)
        .returning(RecoveryCode.id)
    )
    if spent is None:
        raise InvalidInput(WRONG_RECOVERY_CODE, field="code")
    left = await codes_left(session, factor)
    await tell_use(session, user, spent, left, settings=settings, at=at)
