"""Fetching PayTR's three reports around one day; never inside a transaction, since each is a call."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.db.models import ProviderReport, ReportKind
from app.domain.billing.reconciliation.proof import Reports
from app.domain.payments.gateway import PaymentGateway
from app.domain.payments.values import PayoutStatement, ReportedTransaction
from app.lib.clock import ISTANBUL

DAY = timedelta(days=1)
TRANSACTION_DAYS = 3
STATEMENT_DAYS = 31
"""PayTR's limits for one question (paytr.md §13)."""
LOOK_BACK = timedelta(days=7)
"""How far before the day its rows are looked for, when news of it came late."""
TRIES = 3


@dataclass(frozen=True, slots=True)
class Fetched:
    """One report as it was received."""

    kind: ReportKind
    first_day: date
    last_day: date
    body: str

    def as_row(self, *, at: datetime) -> ProviderReport:
        """Return the row that keeps it, with the digest that proves it untouched."""
        return ProviderReport(
            kind=self.kind,
            first_day=self.first_day,
            last_day=self.last_day,
            fetched_at=at,
            body=self.body,
            sha256=hashlib.sha256(self.body.encode()).hexdigest(),
        )


@dataclass(frozen=True, slots=True)
class Window:
    """The days whose rows are asked for around one day."""

    first: date
    last: date
    reaches_today: bool
    """Whether the balance can be compared: what PayTR announces is always of today."""


def window_of(day: date, *, begun: date, today: date) -> Window:
    """Return the days to ask for: the neighbours, back to where late news began, and on to today."""
    reaches_today = (today - day).days < STATEMENT_DAYS
    first = min(day - DAY, max(begun, day - LOOK_BACK))
    return Window(first, today if reaches_today else day + DAY, reaches_today)


async def fetch_reports(
    gateway: PaymentGateway, day: date, window: Window
) -> tuple[Reports, tuple[Fetched, ...]]:
    """Ask PayTR for rows, statement and payout of `day`; raises `GatewayError`.

    Money that comes between two answers would look like a wrong balance, so the statement is asked for
    before and after the rows until both agree; when it never stands still, the balance is left out.
    """
    detail = await gateway.payout_detail(day)
    payout = Fetched(ReportKind.PAYOUT, day, day, detail.raw)
    if not window.reaches_today:
        rows, bodies = await _rows(gateway, window)
        return Reports(rows=rows, statement=None, detail=detail), (*bodies, payout)
    statement = await gateway.payouts(day, window.last)
    stands_still, tries = False, 0
    while not stands_still and tries < TRIES:
        before, tries = statement, tries + 1
        rows, bodies = await _rows(gateway, window)
        statement = await gateway.payouts(day, window.last)
        stands_still = _says_the_same(before, statement)
    reports = Reports(rows=rows, statement=statement if stands_still else None, detail=detail)
    return reports, (*bodies, Fetched(ReportKind.STATEMENT, day, window.last, statement.raw), payout)


async def _rows(
    gateway: PaymentGateway, window: Window
) -> tuple[list[ReportedTransaction], tuple[Fetched, ...]]:
    rows: list[ReportedTransaction] = []
    bodies = []
    for first, last in slices(window.first, window.last):
        start = datetime.combine(first, time.min, ISTANBUL)
        end = datetime.combine(last, time(23, 59, 59), ISTANBUL)
        report = await gateway.transactions(start, end)
        rows += report.rows
        bodies.append(Fetched(ReportKind.TRANSACTIONS, first, last, report.raw))
    return rows, tuple(bodies)


def slices(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Yield the days in pieces that one question may ask for."""
    while first <= last:
        end = min(first + (TRANSACTION_DAYS - 1) * DAY, last)
        yield first, end
        first = end + DAY


def _says_the_same(one: PayoutStatement, other: PayoutStatement) -> bool:
    return (sorted_payouts(one.paid), sorted_payouts(one.announced)) == (
        sorted_payouts(other.paid),
        sorted_payouts(other.announced),
    )


def sorted_payouts(payouts: tuple[object, ...]) -> list[str]:
    """Return payouts in an order of their own, since PayTR promises none."""
    return sorted(map(repr, payouts))
