"""Reads about companies."""

from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Membership, Role, User

BILLING_CONTACT = (
    select(User)
    .join(Membership, Membership.user_id == User.id)
    .where(Membership.company_id == bindparam("company_id"), Membership.role.in_((Role.BILLING, Role.OWNER)))
    .order_by(Membership.role != Role.BILLING, Membership.created_at, Membership.id)
    .limit(1)
)


async def billing_contact(session: AsyncSession, company_id: UUID) -> User | None:
    """Return who gets a company's mail about money: its first billing person, else its owner."""
    return await session.scalar(BILLING_CONTACT, {"company_id": company_id})


async def companies_of(session: AsyncSession, user_id: UUID) -> list[UUID]:
    """Return the companies a person belongs to."""
    return list(await session.scalars(select(Membership.company_id).where(Membership.user_id == user_id)))
