"""Is everything there that a request needs?"""

import asyncio
from collections.abc import Awaitable

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.schema import schema_is_current

LIMIT_SECONDS = 2


async def readiness(engine: AsyncEngine, redis: "Redis") -> dict[str, str]:
    """Return `ok` or a short reason for the database with its schema, and for Redis."""
    database, store = await asyncio.gather(_check(_database(engine)), _check(_store(redis)))
    return {"database": database, "redis": store}


async def _check(question: Awaitable[str]) -> str:
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            return await question
    except (TimeoutError, OSError, RedisError, SQLAlchemyError) as error:
        return f"unavailable ({type(error).__name__})"


async def _database(engine: AsyncEngine) -> str:
    return "ok" if await schema_is_current(engine) else "schema is behind: run `tezgah database upgrade`"


async def _store(redis: "Redis") -> str:
    await redis.ping()
    return "ok"
