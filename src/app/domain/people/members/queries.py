"""Reads about the people of one company."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, joinedload

from app.db.models import Invitation, Membership, Role, SecondFactor, User
from app.db.scoped import owned_row
from app.lib.i18n import N_

RANK = {role: number for number, role in enumerate(Role)}
"""The order in which people are listed."""


@dataclass(frozen=True, slots=True)
class Member:
    """One line of the list of members."""

    membership: Membership
    has_second_factor: bool

    @property
    def user(self) -> User:
        """Who it is."""
        return self.membership.user

    @property
    def role(self) -> Role:
        """What they are in the company."""
        return self.membership.role


async def members_of(session: AsyncSession, company_id: UUID) -> list[Member]:
    """Return everybody who belongs to a company: the owner first, then by role and name."""
    rows = await session.execute(_with_people().where(Membership.company_id == company_id))
    found = [Member(membership, has_factor) for membership, has_factor in rows]
    return sorted(found, key=lambda one: (RANK[one.role], one.user.full_name.casefold(), one.membership.id))


async def member_in(session: AsyncSession, company_id: UUID, membership_id: UUID) -> Member:
    """Return one member of a company. Raises `NotFound`, also for another company's."""
    wanted = _with_people().where(Membership.id == membership_id)
    missing = N_("There is no such member.")
    membership, has_factor = await owned_row(session, Membership, company_id, wanted, missing=missing)
    return Member(membership, has_factor)


async def waiting_invitations(session: AsyncSession, company_id: UUID) -> Sequence[Invitation]:
    """Return a company's invitations that were neither accepted nor withdrawn, the newest first."""
    statement = (
        select(Invitation)
        .where(
            Invitation.company_id == company_id,
            Invitation.accepted_at.is_(None),
            Invitation.withdrawn_at.is_(None),
        )
        .options(joinedload(Invitation.invited_by))
        .order_by(Invitation.asked_at.desc(), Invitation.id.desc())
    )
    return (await session.scalars(statement)).all()


def _with_people() -> Select[Membership, bool]:
    has_factor = exists().where(SecondFactor.user_id == Membership.user_id)
    return select(Membership, has_factor).join(Membership.user).options(contains_eager(Membership.user))
