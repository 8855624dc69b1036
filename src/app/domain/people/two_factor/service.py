"""Setting a second factor up, replacing it, and switching it off: each ends every session and is told."""

from datetime import datetime
from http import HTTPStatus

from sqlalchemy import delete, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Company, Membership, RecoveryCode, SecondFactor, User
from app.db.models.second_factor import FACTOR_SECRETS
from app.domain.accounts.limits import CodeTries
from app.domain.accounts.queries import user_by_email
from app.domain.notifications.messages import TwoFactorChange
from app.domain.people.two_factor.codes import (
    APP_CODE,
    accepted_step,
    cleaned,
    new_recovery_codes,
    recovery_hash,
)
from app.domain.people.two_factor.letters import tell_change, warn_of_guesses
from app.domain.people.two_factor.setup import Setup, open_setup
from app.domain.people.two_factor.verification import factor_of, prove
from app.lib.crypto import decrypt, encrypt
from app.lib.errors import DomainError, InvalidInput, NotFound, TooMany
from app.lib.i18n import N_
from app.lib.settings import Settings
from app.lib.uow import commit

NEEDED_BY_COMPANY = N_("It stays on: your company requires it of everybody.")
NEEDED_OF_OPERATORS = N_("It stays on: operators need it.")


class SetupEnded(DomainError):
    """The key on the page is too old, was confirmed already, or never was this person's."""

    status = HTTPStatus.GONE


async def confirm(
    session: AsyncSession, user: User, *, sealed: str, code: str, settings: Settings, at: datetime
) -> list[str]:
    """Keep a key of which the app has shown a code; return its recovery codes, to be shown once.

    Raises `SetupEnded`, and `InvalidInput` when the code is wrong.
    """
    await session.refresh(user, with_for_update=True)
    setup = open_setup(settings.keys, user, sealed, at=at)
    if setup is None:
        raise SetupEnded(N_("This took too long, or the key is in use already. Begin again."))
    typed = cleaned(code)
    step = accepted_step(setup.secret, typed, at=at, after=-1) if APP_CODE.fullmatch(typed) else None
    if step is None:
        raise InvalidInput(
            N_("This is not the code that belongs to the key. Does the clock of the phone run right?"),
            field="code",
        )
    was_on = await _keep(session, user, setup, step, settings=settings, at=at)
    codes = await _give_codes(session, user, setup.secret)
    change = TwoFactorChange.REPLACED if was_on else TwoFactorChange.ON
    await _tell(session, user, change, settings=settings, at=at)
    return codes


async def renew_codes(
    session: AsyncSession, user: User, *, password: str, code: str, settings: Settings, at: datetime
) -> list[str]:
    """Return new recovery codes in the place of all before. Raises `InvalidInput` and `NotFound`."""
    factor = require_on(await prove(session, user, password=password, code=code, settings=settings, at=at))
    codes = await _give_codes(session, user, decrypt(settings.keys, FACTOR_SECRETS, factor.secret))
    await _tell(session, user, TwoFactorChange.CODES, settings=settings, at=at)
    return codes


async def switch_off(
    session: AsyncSession, user: User, *, password: str, code: str, settings: Settings, at: datetime
) -> None:
    """Let the password alone do again. Raises `InvalidInput`, and `DomainError` where it is required."""
    if await is_needed(session, user, settings):
        raise DomainError(NEEDED_OF_OPERATORS if user.is_operator else NEEDED_BY_COMPANY)
    factor = await prove(session, user, password=password, code=code, settings=settings, at=at)
    await _drop(session, require_on(factor))
    await _tell(session, user, TwoFactorChange.OFF, settings=settings, at=at)


async def reset(session: AsyncSession, email: str, *, settings: Settings, at: datetime) -> User:
    """Take the second factor from somebody who has lost app and codes; the command line's alone.

    Raises `NotFound` when nobody has this address, or they have no second factor.
    """
    user = await user_by_email(session, email)
    if user is None:
        raise NotFound(N_("There is nobody with this address."))
    await session.refresh(user, with_for_update=True)
    await _drop(session, require_on(await factor_of(session, user.id, hold=True)))
    await _tell(session, user, TwoFactorChange.RESET, settings=settings, at=at)
    return user


async def take_code_try(
    session: AsyncSession, user: User, tries: CodeTries, *, settings: Settings, at: datetime
) -> None:
    """Count one try at a code; that there were too many is told to the person. Raises `TooMany`."""
    try:
        await tries.take()
    except TooMany:
        await warn_of_guesses(session, user, settings=settings, at=at)
        await commit(session)  # the refusal that follows would take the letter back
        raise


async def is_needed(session: AsyncSession, user: User, settings: Settings) -> bool:
    """Say whether a company of theirs requires a second factor, or the service of its operators."""
    if user.is_operator:
        return settings.operators_need_two_factor
    needed = exists().where(
        Membership.user_id == user.id, Membership.company_id == Company.id, Company.requires_two_factor
    )
    return bool(await session.scalar(select(needed)))


def require_on(factor: SecondFactor | None) -> SecondFactor:
    """Return the factor. Raises `NotFound` when there is none."""
    if factor is None:
        raise NotFound(N_("Two-factor authentication is not set up."))
    return factor


async def _keep(
    session: AsyncSession, user: User, setup: Setup, step: int, *, settings: Settings, at: datetime
) -> bool:
    """Write the confirmed key; says whether it takes the place of another."""
    secret = encrypt(settings.keys, FACTOR_SECRETS, setup.secret)
    factor = await factor_of(session, user.id, hold=True)
    if factor is None:
        session.add(SecondFactor(user_id=user.id, secret=secret, confirmed_at=at, last_used_step=step))
        return False
    factor.secret, factor.confirmed_at, factor.last_used_step = secret, at, step
    return True


async def _drop(session: AsyncSession, factor: SecondFactor) -> None:
    """Delete a factor and its recovery codes."""
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == factor.user_id))
    await session.delete(factor)


async def _give_codes(session: AsyncSession, user: User, secret: str) -> list[str]:
    await session.flush()
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = new_recovery_codes()
    session.add_all(RecoveryCode(user_id=user.id, code_hash=recovery_hash(secret, code)) for code in codes)
    return codes


async def _tell(
    session: AsyncSession, user: User, change: TwoFactorChange, *, settings: Settings, at: datetime
) -> None:
    """Note the change, and end every session, unless only the codes are new."""
    if change is not TwoFactorChange.CODES:
        user.session_epoch += 1
    await tell_change(session, user, change, settings=settings, at=at)
