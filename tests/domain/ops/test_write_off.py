"""Writing a difference of PayTR's balance off: decided by an operator, posted once, proven with the book."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from app.db.models import (
    Account,
    AuditEntry,
    CaseKind,
    DifferenceCause,
    Journal,
    JournalKind,
    Posting,
    ReconciliationDifference,
    ReconciliationRun,
)
from app.domain.accounts.operators import Operator
from app.domain.billing.cases import open_case
from app.domain.ledger.proof import find_breaks
from app.domain.ops.case_actions import CaseAction
from app.domain.ops.case_decisions import AlreadyDecided, Decision
from app.lib.clock import now
from app.lib.errors import DomainError
from app.lib.settings import Settings
from app.lib.uow import unit_of_work
from tests.domain.ops.desk import NOTE, Maker, deciding, only_case

DAY = date(2026, 11, 3)
WRITE_OFF = Decision(CaseAction.WRITE_OFF, NOTE)


async def differing(session_maker: Maker, check: str, *, others: int = 0) -> None:
    """Compare a day twice; the newer comparison finds that PayTR owes 12.50 less than we have rolled."""
    at = datetime(2026, 11, 4, 6, tzinfo=UTC)
    async with unit_of_work(session_maker) as session:
        for hours, theirs in ((0, 90_000), (24, 98_750)):
            started = at + timedelta(hours=hours)
            run = ReconciliationRun(day=DAY, started_at=started, finished_at=started, difference_count=1)
            session.add(run)
            await session.flush()
            difference = ReconciliationDifference(
                run_id=run.id,
                position=1,
                cause=DifferenceCause.TOTAL,
                kind="total",
                currency="TRY",
                ours=100_000,
                theirs=theirs,
                facts={"check": check, "day": DAY.isoformat()},
            )
            session.add(difference)
        causes = {"total": 1} | ({"amount": others} if others else {})
        facts = {"differences": 1 + others, "causes": causes}
        kind = CaseKind.RECONCILIATION_DIFFERS
        await open_case(session, kind, DAY.isoformat(), company_id=None, facts=facts, at=at)


async def test_what_paytr_owes_less_is_written_off_once_and_the_book_holds(
    session_maker: Maker, settings: Settings, operator: Operator
) -> None:
    await differing(session_maker, "balance")
    case_id = await only_case(session_maker)
    await deciding(session_maker, settings, operator, case_id, WRITE_OFF)
    with pytest.raises(AlreadyDecided):
        await deciding(session_maker, settings, operator, case_id, WRITE_OFF)
    async with session_maker() as session:
        posted = await session.execute(
            select(Posting.account, Posting.amount)
            .join(Journal, Journal.id == Posting.journal_id)
            .where(Journal.kind == JournalKind.WRITE_OFF)
        )
        assert dict(posted.tuples().all()) == {Account.PAYTR_CLEARING: -1_250, Account.WRITE_OFF: 1_250}
        assert (await find_breaks(session, at=now())).found == []
        entry = (await session.scalars(select(AuditEntry).where(AuditEntry.action == "case.write_off"))).one()
        assert (entry.actor_id, entry.facts["note"]) == (operator.user.id, NOTE)


@pytest.mark.parametrize(("check", "others"), [("payout", 0), ("balance", 1)])
async def test_single_rows_and_payouts_are_not_written_off(
    session_maker: Maker, settings: Settings, operator: Operator, check: str, others: int
) -> None:
    await differing(session_maker, check, others=others)
    with pytest.raises(DomainError):
        await deciding(session_maker, settings, operator, await only_case(session_maker), WRITE_OFF)
