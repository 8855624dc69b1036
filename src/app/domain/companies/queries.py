"""Reads about companies."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Membership, Role, User


async def billing_contact(session: AsyncSession, company_id: UUID) -> User | None:
    """Return who gets a company's mail about money: its first billing person, else its owner."""
    statement = (
        select(User)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.company_id == company_id, Membership.role.in_((Role.BILLING, Role.OWNER)))
        .order_by(Membership.role != Role.BILLING, Membership.created_at, Membership.id)
        .limit(1)
    )
    return await session.scalar(statement)
