"""A customer apart from any company, and which companies are theirs."""

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.db.models import Company, Membership, Role, User
from app.lib.errors import NotFound
from app.lib.i18n import N_

COMPANIES = "/account/companies"


@dataclass(frozen=True, slots=True)
class Person:
    """A logged-in customer who looks at no company: they belong to none, or to none any more."""

    home: ClassVar[str] = COMPANIES
    support: ClassVar[None] = None
    lacks_two_factor: ClassVar[bool] = False
    """Only a company requires one of a customer."""

    user: User


@dataclass(frozen=True, slots=True)
class OtherCompany:
    """A company that a person could look at instead."""

    id: UUID
    name: str


Other, OtherOne = aliased(Membership), aliased(Company)
OTHERS: ScalarSelect[Any] = (
    select(
        func.json_agg(
            aggregate_order_by(
                func.json_build_array(OtherOne.id, OtherOne.name), func.lower(OtherOne.name), OtherOne.id
            )
        )
    )
    .join_from(Other, OtherOne, OtherOne.id == Other.company_id)
    .where(Other.user_id == Membership.user_id, Other.company_id != Membership.company_id)
    .correlate(Membership)
    .scalar_subquery()
)
"""The companies that the person of a membership also belongs to, by name, as one value of its row."""


def others_from(value: list[list[str]] | None) -> tuple[OtherCompany, ...]:
    """Return what `OTHERS` found."""
    return tuple(OtherCompany(UUID(company_id), name) for company_id, name in value or ())


async def person_of(session: AsyncSession, *, user_id: UUID, session_epoch: int) -> Person | None:
    """Return the customer of a session whatever they belong to, or nothing when the epoch is gone."""
    statement = select(User).where(
        User.id == user_id, User.session_epoch == session_epoch, User.is_operator.is_(False)
    )
    user = await session.scalar(statement)
    return Person(user) if user else None


async def first_company_of(session: AsyncSession, user_id: UUID) -> UUID | None:
    """Return the company a person joined first, to begin a session with."""
    return await session.scalar(
        select(Membership.company_id)
        .where(Membership.user_id == user_id)
        .order_by(Membership.created_at, Membership.id)
        .limit(1)
    )


async def memberships_of(session: AsyncSession, user_id: UUID) -> list[tuple[Company, Role]]:
    """Return every company of a person with their role in it, by name."""
    statement = (
        select(Company, Membership.role)
        .join(Membership, Membership.company_id == Company.id)
        .where(Membership.user_id == user_id)
        .order_by(func.lower(Company.name), Company.id)
    )
    return [(company, role) for company, role in await session.execute(statement)]


async def company_of(session: AsyncSession, user_id: UUID, wanted: str) -> UUID:
    """Return the company of theirs that a person asks for. Raises `NotFound`, also for another's."""
    theirs = await session.scalars(select(Membership.company_id).where(Membership.user_id == user_id))
    found = next((company_id for company_id in theirs if str(company_id) == wanted), None)
    if found is None:
        raise NotFound(N_("There is no such company."))
    return found
