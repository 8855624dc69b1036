"""Databases of their own for migrations."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.lib.settings import Settings


@pytest.fixture
async def empty(settings: Settings, engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """A database of its own with nothing in it."""
    name = "migrated_from_nothing"
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        await connection.execute(text(f"CREATE DATABASE {name}"))
    own = create_async_engine(make_url(settings.database_url).set(database=name))
    yield own
    await own.dispose()
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
