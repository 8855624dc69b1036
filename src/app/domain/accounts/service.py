"""Making accounts and letting people in."""

import re

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import User
from app.domain.accounts.passwords import hashed_anew, password_matches
from app.domain.accounts.queries import user_by_email
from app.lib.errors import InvalidInput
from app.lib.i18n import N_

# What PayTR also takes (paytr.md §4): one @, no blanks, ASCII, at most 100 characters.
EMAIL = re.compile(r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$")


def require_email(email: str) -> str:
    """Return the address without blanks around it, or refuse it with a sentence."""
    email = email.strip()
    if len(email) > 100 or not EMAIL.match(email):
        raise InvalidInput(N_("Write an e-mail address such as ada@company.com."), field="email")
    return email


def require_name(value: str, *, field: str) -> str:
    """Return a name trimmed to what fits on a form and an invoice."""
    value = " ".join(value.split())
    if not 2 <= len(value) <= 100 or not value.isprintable():
        raise InvalidInput(N_("Write a name of 2 to 100 characters."), field=field)
    return value


async def create_user(
    session: AsyncSession, *, email: str, full_name: str, password_hash: str, language: str
) -> User:
    """Add a person; an address that is taken is refused at its field, also when two come at once."""
    user = User(
        email=email, full_name=full_name, password_hash=password_hash, language=language, session_epoch=0
    )
    session.add(user)
    try:
        await session.flush()
    except IntegrityError as error:
        if "uq_users_email_lower" not in str(error.orig):
            raise
        raise InvalidInput(
            N_("There is an account with this address already. Log in instead."), field="email"
        ) from error
    return user


async def authenticate(session: AsyncSession, *, email: str, password: str) -> User:
    """Return whose password this is, or refuse without saying which of the two was wrong."""
    user = await user_by_email(session, email)
    if not await password_matches(password, user.password_hash if user else None) or user is None:
        raise InvalidInput(N_("The e-mail address or the password is wrong."), field="password")
    user.password_hash = await hashed_anew(password, user.password_hash) or user.password_hash
    return user
