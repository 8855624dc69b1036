"""What the operator's pages of reconciliation show, and the differences as a file for a spreadsheet."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import (
    DifferenceCause,
    Payment,
    ProviderReport,
    ReconciliationDifference,
    ReconciliationRun,
    ReportKind,
)
from app.domain.billing.reconciliation.book import day_of, first_day_of_money
from app.domain.billing.reconciliation.proof import Totals
from app.lib.errors import NotFound
from app.lib.i18n import N_, translate
from app.lib.money import Money
from app.lib.sheets import Cell, as_csv

DAYS_OF_A_PAGE = 31
CAUSES = {
    "missing_here": N_("PayTR reports it, our book does not have it."),
    "missing_there": N_("Our book has it, PayTR does not report it."),
    "amount": N_("The amounts differ."),
    "currency": N_("The currencies differ."),
    "date": N_("PayTR has it on another day."),
    "duplicated": N_("PayTR reports it more than once."),
    "row": N_("PayTR's row does not add up: amount less commission is not its net."),
    "payout": N_("The payout is not the sum of the orders in it."),
    "balance": N_("What PayTR announces is not what it must owe us."),
}
KINDS = {"sale": N_("Sale"), "refund": N_("Refund"), "total": N_("Sum")}
REPORTS = {
    ReportKind.TRANSACTIONS: N_("Sales and refunds"),
    ReportKind.STATEMENT: N_("Payouts, made and announced"),
    ReportKind.PAYOUT: N_("Orders in the day's payout"),
}
COLUMNS = (
    N_("Day"),
    N_("Cause"),
    N_("Kind"),
    N_("PayTR number"),
    N_("Reference"),
    N_("Currency"),
    N_("Ours"),
    N_("PayTR's"),
    N_("Difference"),
)


class DayState(StrEnum):
    """What is known of a day."""

    PROVEN = "proven"
    DIFFERS = "differs"
    FAILED = "failed"
    RUNNING = "running"
    NOT_YET = "not_yet"


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day with the run that counts: the newest that came to its end, and the newest of all."""

    day: date
    run: ReconciliationRun | None
    newest: ReconciliationRun | None

    @property
    def state(self) -> DayState:
        """What the page says of the day. A try that failed does not undo what was compared before it."""
        if self.run is not None:
            return DayState.DIFFERS if self.run.difference_count else DayState.PROVEN
        if self.newest is None:
            return DayState.NOT_YET
        return DayState.RUNNING if self.newest.finished_at is None else DayState.FAILED

    @property
    def totals(self) -> dict[str, Totals]:
        """The proof of each currency."""
        return {currency: Totals(**one) for currency, one in self.run.totals.items()} if self.run else {}


@dataclass(frozen=True, slots=True)
class DayPage:
    """Days, newest first, and the day before which the next page begins."""

    rows: list[DayRow]
    next_before: date | None


@dataclass(frozen=True, slots=True)
class ReportFile:
    """One kept report without its body; `size` in bytes."""

    id: UUID
    kind: ReportKind
    first_day: date
    last_day: date
    fetched_at: datetime
    sha256: str
    size: int

    @property
    def name(self) -> str:
        """What kind of report it is, as a message id."""
        return REPORTS[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFile:
    """Everything about one day."""

    row: DayRow
    differences: list[ReconciliationDifference]
    known_payments: set[str]
    """The orders among the differences that have a page of their own."""
    reports: list[ReportFile]
    earlier: list[ReconciliationRun] = field(default_factory=list)
    """The runs that count no longer, newest first."""


async def list_days(session: AsyncSession, *, before: date | None, at: datetime) -> DayPage:
    """Return a page of finished days, back to our first sale."""
    first = await first_day_of_money(session)
    last = (min(before, day_of(at)) if before else day_of(at)) - timedelta(days=1)
    if first is None or first > last:
        return DayPage([], None)
    start = max(first, last - timedelta(days=DAYS_OF_A_PAGE - 1))
    runs = await _runs_between(session, start, last)
    days = [last - timedelta(days=number) for number in range((last - start).days + 1)]
    return DayPage([day_row(day, runs.get(day, [])) for day in days], start if start > first else None)


async def day_file(session: AsyncSession, day: date, *, at: datetime) -> DayFile:
    """Return all about one finished day; a day that is not over, or before our first sale, is not found."""
    first = await first_day_of_money(session)
    runs = (await _runs_between(session, day, day)).get(day, [])
    if not runs and (first is None or not first <= day < day_of(at)):
        raise NotFound(N_("There is nothing to compare on this day."))
    row = day_row(day, runs)
    shown = row.run or row.newest
    if shown is None:
        return DayFile(row=row, differences=[], known_payments=set(), reports=[])
    differences = list(
        await session.scalars(
            select(ReconciliationDifference)
            .where(ReconciliationDifference.run_id == shown.id)
            .order_by(ReconciliationDifference.position)
        )
    )
    return DayFile(
        row=row,
        differences=differences,
        known_payments=await _known(session, {one.merchant_oid for one in differences if one.merchant_oid}),
        reports=await _reports(session, shown.id),
        earlier=[run for run in runs if run is not shown],
    )


async def report_of(session: AsyncSession, day: date, report_id: UUID) -> ProviderReport:
    """Return one kept report of a day with its body."""
    report = await session.scalar(
        select(ProviderReport)
        .join(ReconciliationRun, ReconciliationRun.id == ProviderReport.run_id)
        .where(ProviderReport.id == report_id, ReconciliationRun.day == day)
    )
    if report is None:
        raise NotFound(N_("There is no such report."))
    return report


def day_row(day: date, runs: list[ReconciliationRun]) -> DayRow:
    """Return a day from its runs, newest first."""
    good = (run for run in runs if run.finished_at is not None and run.error is None)
    return DayRow(day, next(good, None), runs[0] if runs else None)


def cause_of(difference: ReconciliationDifference) -> str:
    """Return why a difference is one, as a message id."""
    if difference.cause is DifferenceCause.TOTAL:
        return CAUSES[difference.facts["check"]]
    return CAUSES[difference.cause.value]


def days_of(difference: ReconciliationDifference) -> tuple[date, date] | None:
    """Return our day and PayTR's where they are two."""
    ours, theirs = difference.facts.get("our_day"), difference.facts.get("their_day")
    return (date.fromisoformat(ours), date.fromisoformat(theirs)) if ours and theirs else None


def differences_as_csv(day: date, differences: list[ReconciliationDifference], language: str) -> str:
    """Return the differences as Excel opens them in Türkiye."""
    return as_csv(
        [translate(language, column) for column in COLUMNS],
        [_difference_row(day, one, language) for one in differences],
    )


def _difference_row(day: date, one: ReconciliationDifference, language: str) -> list[Cell]:
    amounts = (one.ours, one.theirs, (one.theirs or 0) - (one.ours or 0))
    return [
        day,
        translate(language, cause_of(one)),
        translate(language, KINDS[one.kind]),
        one.merchant_oid,
        one.reference,
        one.currency,
        *(None if amount is None else Money(amount) for amount in amounts),
    ]


async def _runs_between(
    session: AsyncSession, first: date, last: date
) -> dict[date, list[ReconciliationRun]]:
    runs: dict[date, list[ReconciliationRun]] = {}
    statement = (
        select(ReconciliationRun)
        .where(ReconciliationRun.day.between(first, last))
        .order_by(ReconciliationRun.started_at.desc())
    )
    for run in await session.scalars(statement):
        runs.setdefault(run.day, []).append(run)
    return runs


async def _known(session: AsyncSession, oids: set[str]) -> set[str]:
    return set(await session.scalars(select(Payment.merchant_oid).where(Payment.merchant_oid.in_(oids))))


async def _reports(session: AsyncSession, run_id: UUID) -> list[ReportFile]:
    row = ProviderReport
    statement = (
        select(
            row.id,
            row.kind,
            row.first_day,
            row.last_day,
            row.fetched_at,
            row.sha256,
            func.octet_length(row.body),
        )
        .where(row.run_id == run_id)
        .order_by(row.kind, row.first_day)
    )
    return [ReportFile(*found) for found in await session.execute(statement)]
