"""The schema changes through migrations only; this runs them, then puts the isolation of companies in place
(`app.db.isolation`), and tells when models have drifted."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import models
from app.db.base import Base
from app.db.policies import isolate, not_isolated

MIGRATIONS = Path(__file__).resolve().parents[3] / "migrations"
MIGRATION_LOCK = 7_326_001
"""Advisory lock number: two deployments that start at once migrate one after the other."""


async def upgrade_database(engine: AsyncEngine) -> None:
    """Bring the schema to its newest version."""
    async with engine.connect() as connection:
        await connection.run_sync(_upgrade)
        await connection.commit()


async def schema_is_current(engine: AsyncEngine) -> bool:
    """Say whether the database stands at the newest migration."""
    async with engine.connect() as connection:
        return await connection.run_sync(lambda c: _current(c) == head_revision())


async def schema_drift(engine: AsyncEngine) -> list[str]:
    """Return how the models differ from a migrated database; empty when they agree."""
    async with engine.connect() as connection:
        return await connection.run_sync(_drift)


def head_revision() -> str | None:
    """Return the newest migration's name."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def new_revision(connection: Connection, message: str, number: str) -> None:
    """Write a migration from the difference between models and database, to be read and finished by hand."""
    command.revision(_configuration(connection), message=message, autogenerate=True, rev_id=number)


def _upgrade(connection: Connection) -> None:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
    command.upgrade(_configuration(connection), "head")
    isolate(connection)


def _configuration(connection: Connection) -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    configuration.attributes["connection"] = connection
    return configuration


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _drift(connection: Connection) -> list[str]:
    assert models.__all__  # the metadata is whole only once the models are imported
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    differences = [repr(difference) for difference in compare_metadata(context, Base.metadata)]
    return differences + [f"{table} is not isolated as declared" for table in not_isolated(connection)]
