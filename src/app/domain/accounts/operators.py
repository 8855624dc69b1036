"""Operators: people of the platform, never of a company. Made by the command line alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Membership, SecondFactor, SupportAccess, User
from app.domain.accounts.passwords import new_password_hash
from app.domain.accounts.queries import user_by_email
from app.domain.accounts.service import create_user, require_email
from app.domain.audit.changes import difference
from app.domain.audit.service import record
from app.lib.errors import InvalidInput, NotFound
from app.lib.i18n import DEFAULT_LANGUAGE, N_

CONSOLE = "/operator"


@dataclass(frozen=True, slots=True)
class Operator:
    """A logged-in operator; no company comes with them."""

    home: ClassVar[str] = CONSOLE

    user: User
    support: SupportAccess | None = None
    """Under which they look at a company in their other pages, with the company loaded."""
    support_is_over: bool = False
    """They looked at one in this session, and may not any more."""
    has_two_factor: bool = False


async def operator_of(session: AsyncSession, *, user_id: UUID, session_epoch: int) -> Operator | None:
    """Return the operator of a session, or nothing when the role or the epoch is gone."""
    statement = select(User, exists().where(SecondFactor.user_id == User.id)).where(
        User.id == user_id, User.session_epoch == session_epoch, User.is_operator
    )
    row = (await session.execute(statement)).one_or_none()
    return Operator(row[0], has_two_factor=row[1]) if row else None


async def operators(session: AsyncSession) -> list[User]:
    """Return every operator by address."""
    return list(await session.scalars(select(User).where(User.is_operator).order_by(User.email)))


async def find_operator(session: AsyncSession, email: str) -> User | None:
    """Return the operator with this address, or nothing; a customer's address is refused.

    One account is of one side only: a person who does both has two addresses.
    """
    user = await user_by_email(session, require_email(email))
    if user is None or user.is_operator:
        return user
    if await session.scalar(select(exists().where(Membership.user_id == user.id))):
        raise InvalidInput(
            N_("This address belongs to a customer's account. An operator needs an address of their own."),
            field="email",
        )
    return None


async def create_operator(
    session: AsyncSession, *, email: str, password: str, full_name: str = "", at: datetime
) -> User:
    """Add an operator; one who exists stays as they are, password included.

    An account that belongs to no company, such as a former operator's, gets the role and this password.
    """
    operator = await find_operator(session, email)
    if operator is not None:
        return operator
    password_hash = await new_password_hash(password, about=(email, full_name))
    operator = await user_by_email(session, email)
    if operator is None:
        operator = await create_user(
            session,
            email=require_email(email),
            full_name=full_name or require_email(email),
            password_hash=password_hash,
            language=DEFAULT_LANGUAGE,
        )
    else:
        operator.full_name = full_name or operator.full_name
        operator.password_hash = password_hash
        operator.session_epoch += 1
    operator.is_operator = True
    operator.email_verified_at = operator.email_verified_at or at
    record(
        session,
        at=at,
        action="operator.created",
        subject=operator.id,
        company_id=None,
        actor="system",
        changes=difference({"is_operator": False}, {"is_operator": True}),
    )
    return operator


async def remove_operator(session: AsyncSession, email: str, *, at: datetime) -> None:
    """Take the role away and end every session; the account stays beside what it has decided.

    Raises `NotFound` when this is no operator's address.
    """
    operator = await user_by_email(session, require_email(email))
    if operator is None or not operator.is_operator:
        raise NotFound(N_("There is no operator with this address."))
    operator.is_operator = False
    operator.session_epoch += 1
    record(
        session,
        at=at,
        action="operator.removed",
        subject=operator.id,
        company_id=None,
        actor="system",
        changes=difference({"is_operator": True}, {"is_operator": False}),
    )
