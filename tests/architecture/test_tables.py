"""The tables: who owns a row, what may be deleted, and how the schema gets there."""

import asyncio

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import models
from app.db.base import Base
from app.db.schema import MIGRATIONS, schema_drift, schema_is_current, upgrade_database

OF_NO_COMPANY = {
    "companies": "is the tenant itself",
    "users": "a person may belong to several companies; memberships say to which",
    "used_trials": "a digest of a mailbox whose person is gone",
    "second_factors": "of a person, whichever company they look at",
    "recovery_codes": "of a person's second factor",
    "email_changes": "of a person, like the address itself",
    "plans": "the catalogue is everybody's",
    "plan_prices": "the catalogue is everybody's",
    "postings": "reached through their journal alone",
    "ledger_proofs": "of the whole book",
    "invoice_lines": "reached through its invoice alone",
    "invoice_counters": "one series of the seller for all companies",
    "payment_events": "a message may name an order we do not know",
    "job_runs": "of the service, not of a company",
    "forecasts": "of a day of the service; its lines are of companies",
    "reconciliation_runs": "PayTR's day against the whole book",
    "provider_reports": "PayTR's day against the whole book",
    "reconciliation_differences": "reached through its run alone, by operators only",
}
MAY_LACK_A_COMPANY = {
    "journals": "a difference with PayTR that is nobody's",
    "ledger_breaks": "a rule over the whole book",
    "operator_cases": "a payment for an unknown order",
    "email_messages": "mail to a person before there is a company",
    "audit_entries": "what an operator or a scheduled job did",
    "legal_texts": "what everybody is shown",
    "data_archives": "a person's own",
}


def test_every_table_is_owned_by_a_company_or_says_why_not() -> None:
    assert models.__all__
    tables = Base.metadata.tables
    without = {name for name, table in tables.items() if "company_id" not in table.columns}
    optional = {
        name
        for name, table in tables.items()
        if "company_id" in table.columns and table.columns["company_id"].nullable
    }
    assert without == set(OF_NO_COMPANY)
    assert optional == set(MAY_LACK_A_COMPANY)


def test_what_a_company_owns_is_found_by_its_company() -> None:
    for table in Base.metadata.tables.values():
        if "company_id" in table.columns:
            first = {index.columns.keys()[0] for index in table.indexes} | {
                table.primary_key.columns.keys()[0]
            }
            assert "company_id" in first, table.name


def test_nothing_disappears_with_something_else() -> None:
    keys = [key for table in Base.metadata.tables.values() for key in table.foreign_keys]
    assert len(keys) > 20
    assert [str(key.parent) for key in keys if key.ondelete != "RESTRICT"] == []


def test_money_is_a_whole_number_and_instants_have_a_zone() -> None:
    for table in Base.metadata.tables.values():
        for column in table.columns:
            kind = str(column.type)
            assert kind not in {"FLOAT", "NUMERIC", "DOUBLE PRECISION", "REAL"}, column
            if kind.startswith(("DATETIME", "TIMESTAMP")):
                assert getattr(column.type, "timezone", False), column
            if column.name in {"gross", "net", "vat", "total", "amount", "collected", "unit_price"}:
                assert kind == "BIGINT", column


def downgrade(connection: Connection) -> None:
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    configuration.attributes["connection"] = connection
    command.downgrade(configuration, "base")


async def left_over(engine: AsyncEngine) -> tuple[set[str], list[str]]:
    """Return the tables and functions there are."""
    async with engine.connect() as connection:
        tables = await connection.run_sync(lambda c: set(inspect(c).get_table_names()))
        functions = await connection.scalars(
            text("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
        )
        return tables, list(functions)


def test_migrations_have_one_head() -> None:
    assert len(ScriptDirectory(str(MIGRATIONS)).get_heads()) == 1


async def test_an_empty_database_gets_to_the_newest_schema_and_it_is_the_models(empty: AsyncEngine) -> None:
    assert not await schema_is_current(empty)
    await upgrade_database(empty)
    assert await schema_is_current(empty)
    assert await schema_drift(empty) == []
    await upgrade_database(empty)
    assert await schema_drift(empty) == []


async def test_every_migration_can_be_undone_and_made_again(empty: AsyncEngine) -> None:
    await upgrade_database(empty)
    async with empty.connect() as connection:
        await connection.run_sync(downgrade)
        await connection.commit()
    assert await left_over(empty) == ({"alembic_version"}, [])
    await upgrade_database(empty)
    assert await schema_drift(empty) == []


async def test_two_deployments_that_start_at_once_migrate_one_after_the_other(empty: AsyncEngine) -> None:
    await asyncio.gather(upgrade_database(empty), upgrade_database(empty))
    assert await schema_is_current(empty)
