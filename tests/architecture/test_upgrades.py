"""What was written before a migration is still right after it."""

from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.db.schema import MIGRATIONS, upgrade_database
from app.domain.ledger.proof import find_breaks

AT = datetime(2026, 11, 10, tzinfo=UTC)
BEFORE_THE_LEDGER = Path(__file__).with_name("before_the_ledger.sql")


async def test_money_from_before_the_ledger_is_posted_and_the_book_holds(empty: AsyncEngine) -> None:
    async with empty.connect() as connection:
        await connection.run_sync(upgrade_to_0006)
        for statement in filter(str.strip, BEFORE_THE_LEDGER.read_text(encoding="utf-8").split(";\n")):
            await connection.exec_driver_sql(statement)
        await connection.commit()
    await upgrade_database(empty)
    async with AsyncSession(empty) as session:
        findings = await find_breaks(session, at=AT)
        posted = await session.execute(
            text("SELECT account, sum(amount) FROM postings GROUP BY account HAVING sum(amount) <> 0")
        )
        slices = await session.execute(text("SELECT starts_at, period_end, gross FROM plan_slices"))
        # only the documents that a refund owes are still to be issued
        assert {finding.rule for finding in findings.found} == {"refunds_credited"}
        assert dict(posted.tuples().all()) == {
            "paytr_clearing": 299_000 + 100,
            "revenue": -247_500,
            "vat_payable": -49_500,
            "refunds_payable": 297_000 - 299_000 - 100,
        }
        assert [tuple(row) for row in slices] == [
            (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC), 297_000)
        ]


def upgrade_to_0006(connection: Connection) -> None:
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, "0006")
