"""Advisory locks of the running transaction."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession


async def advisory_lock(session: AsyncSession, namespace: str, key: str) -> None:
    """Wait for the lock of `namespace` and `key`; it is released with the transaction."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext(namespace), func.hashtext(key))))
