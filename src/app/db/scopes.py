"""Whose rows a transaction of the web process may see. PostgreSQL keeps to it (`app.db.isolation`).

The web's connections are `tezgah_web`, which sees no row of any company until a transaction has declared one.
A request declares it where its viewer is looked up (`server.security`); what has to look beyond one company
says why, by an option of its handler. The worker and the commands work for everybody, as the tables' owner.
"""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.lib.openings import OPENING

WEB = "tezgah_web"
PLATFORM = "tezgah_platform"
BEYOND = "beyond_one_company"


class Beyond(StrEnum):
    """Why a transaction of the web process may see more than one company; there are no other reasons."""

    DELETION = "whoever is forgotten is so in every company"
    CONSOLE = "operators look after every company"
    EDGE = "a workspace's address says whose it is only once it has been looked up"
    EMAIL_CHANGE = "whether a new address is free is looked up among all people"
    EMAIL_LINK = "whoever opens a link from a letter may be logged in nowhere"
    INVITATION = "whoever follows a letter's link belongs to no company yet, or to another one"
    LOGIN = "an e-mail address is looked up among all people"
    PASSWORD_RESET = "whoever has lost a password is not logged in"  # noqa: S105 a reason
    PAYMENT_LINK = "whoever has the link pays without an account"
    PAYTR = "PayTR's message names a payment and no company"
    REGISTRATION = "the company does not exist yet"
    START = "production refuses to start where any company lives on a test clock"


def of_company(company_id: UUID, user_id: UUID) -> str:
    """Return the declaration of a person in a company: they see the company's rows, and their own."""
    return f"SET LOCAL app.company_id = '{company_id}'; SET LOCAL app.user_id = '{user_id}'"


def of_person(user_id: UUID) -> str:
    """Return the declaration of a person in no company: they see their own rows."""
    return f"SET LOCAL app.user_id = '{user_id}'"


def of_platform(why: Beyond) -> str:
    """Return the declaration of what looks beyond one company."""
    return f"SET LOCAL ROLE {PLATFORM} /* {why.name.lower()} */"


def beyond(why: Beyond) -> dict[str, Beyond]:
    """Return the handler option: this handler's transaction looks beyond one company."""
    return {BEYOND: why}


def declare(session: AsyncSession, scope: str) -> None:
    """Let every transaction that this session begins from now on declare `scope`."""
    session.info[OPENING] = scope


async def declare_nothing(session: AsyncSession) -> None:
    """End the session's transaction, and with it what it could see; the next one sees no company's rows."""
    session.info.pop(OPENING, None)
    await session.rollback()


def sessions_beyond(
    session_maker: async_sessionmaker[AsyncSession], why: Beyond
) -> async_sessionmaker[AsyncSession]:
    """Return sessions, and driver transactions, that look beyond one company; for what is no request."""
    info: dict[Any, Any] = {**(session_maker.kw.get("info") or {}), OPENING: of_platform(why)}
    return async_sessionmaker(**{**session_maker.kw, "info": info})
