"""Reading people."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import User


async def user_by_email(session: AsyncSession, email: str) -> User | None:
    """Return the person with this address, in whatever case it was typed."""
    return await session.scalar(select(User).where(func.lower(User.email) == email.strip().lower()))
