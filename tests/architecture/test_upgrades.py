"""What was written before a migration is still right after it."""

from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.db.models import Invoice, InvoiceKind
from app.db.schema import MIGRATIONS, upgrade_database
from app.domain.billing.refunds.missing_notes import issue_missing_notes
from app.domain.ledger.proof import find_breaks
from app.lib.settings import Settings

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
        confirmed = await session.scalar(text("SELECT bool_and(email_verified_at = created_at) FROM users"))
        slices = await session.execute(text("SELECT starts_at, period_end, gross FROM plan_slices"))
        assert confirmed, "whoever was a customer before the rule has confirmed their address"
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
    await issue_what_refunds_lack(empty)


async def issue_what_refunds_lack(engine: AsyncEngine) -> None:
    """Issue the notes as `tezgah ledger credit-notes --issue` does: once, dated today, and the book holds."""
    sessions, settings = async_sessionmaker(engine, expire_on_commit=False), Settings()
    assert await issue_missing_notes(sessions, settings, ["no such refund"], at=AT) == []
    (issued,) = await issue_missing_notes(sessions, settings, [], at=AT)
    assert (issued.reference, issued.amount) == ("BACK298000", 297_000), "the surcharge is on no invoice"
    assert await issue_missing_notes(sessions, settings, [], at=AT) == []
    async with sessions() as session:
        note = await session.scalar(select(Invoice).where(Invoice.kind == InvoiceKind.CREDIT_NOTE))
        assert note is not None
        assert (note.number, note.issue_date) == ("TZI2026000000001", AT.date())
        assert (note.net, note.vat) == (247_500, 49_500)
        assert note.reason == "Ödeme 3 Kasım 2026 tarihinde iade edildi"
        assert (await find_breaks(session, at=AT)).found == []


def upgrade_to_0006(connection: Connection) -> None:
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, "0006")
