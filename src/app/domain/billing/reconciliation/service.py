"""Reconciliation: each finished day of Türkiye compared with PayTR's reports, and compared again on wish.

A run is claimed, the reports are fetched outside of any transaction and kept as they came, and then run,
differences and case are written at once. A day without a good run is due until it has one, oldest first,
because each day begins with the balance the day before ended with.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import load_only

from app.db.models import CaseKind, DifferenceCause, ReconciliationDifference, ReconciliationRun
from app.domain.billing.cases import open_case, settle_case
from app.domain.billing.commissions import post_reported
from app.domain.billing.reconciliation.book import (
    day_of,
    earliest_start,
    entries_between,
    first_day_of_money,
    opening_balance,
    states_of,
)
from app.domain.billing.reconciliation.proof import Comparison, Reports, compare
from app.domain.billing.reconciliation.reports import DAY, Fetched, Window, fetch_reports, window_of
from app.domain.billing.reconciliation.rules import Difference
from app.domain.payments.gateway import GatewayError, PaymentGateway
from app.lib.clock import ISTANBUL
from app.lib.errors import DomainError, InvalidInput
from app.lib.i18n import N_
from app.lib.locks import advisory_lock
from app.lib.uow import unit_of_work

READY_AT = time(5)
"""When a day is compared, on the clock of the day after: PayTR does not say when its reports are whole."""
CUT_OFF_AFTER = timedelta(minutes=15)
"""A run without an end after this long belongs to a process that is gone."""
RETRIES = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6))
"""How long to wait after one, two, three and more runs that could not have the reports."""
TRIES_BEFORE_CASE = len(RETRIES)
"""Runs of a day in a row without reports after which a person is told: some seven hours."""
DAYS_AT_ONCE = 7
WHEN_DUE = (
    ReconciliationRun.day,
    ReconciliationRun.started_at,
    ReconciliationRun.finished_at,
    ReconciliationRun.error,
    ReconciliationRun.difference_count,
)
"""What of a run tells when its day is due."""
Maker = async_sessionmaker[AsyncSession]
log = structlog.stdlib.get_logger("reconciliation")


class RunUnderWay(DomainError):
    """Somebody else compares this day at this moment."""


async def due_days(session: AsyncSession, *, at: datetime, limit: int = DAYS_AT_ONCE) -> list[date]:
    """Return the days to compare now, oldest first; none behind one that has to wait for its next try."""
    first = await first_day_of_money(session)
    last = last_finished_day(at)
    if first is None or first > last:
        return []
    rows = await session.scalars(
        select(ReconciliationRun)
        .options(load_only(*WHEN_DUE))  # years of days pass here every minute, and their proofs are large
        .where(ReconciliationRun.day.between(first, last))
        .order_by(ReconciliationRun.started_at)
    )
    runs: dict[date, list[ReconciliationRun]] = {}
    for run in rows:
        runs.setdefault(run.day, []).append(run)
    days: list[date] = []
    day = first
    while day <= last and len(days) < limit:
        due_at = _due_at(day, runs.get(day, []))
        if due_at is not None and due_at > at:
            break
        if due_at is not None:
            days.append(day)
        day += DAY
    return days


def last_finished_day(at: datetime) -> date:
    """Return the newest day whose reports may be asked for."""
    local = at.astimezone(ISTANBUL)
    return local.date() - (DAY if local.time() >= READY_AT else 2 * DAY)


async def reconcile_day(
    session_maker: Maker, gateway: PaymentGateway, day: date, *, at: datetime, only_if_due: bool = False
) -> ReconciliationRun | None:
    """Compare one day and return its run; a run that could not have the reports says so in `error`.

    With `only_if_due` a day that has been done meanwhile, or is being done, is left alone. Otherwise raises
    `RunUnderWay`, and `InvalidInput` for a day that is not over.
    """
    today = day_of(at)
    if day >= today:
        raise InvalidInput(N_("This day is not over yet."), field="day")
    claim = await _claim(session_maker, day, at=at, only_if_due=only_if_due)
    if claim is None:
        return None
    run_id, begun = claim
    window = window_of(day, begun=begun, today=today)
    try:
        reports, bodies = await fetch_reports(gateway, day, window)
    except GatewayError as error:
        return await _fail(session_maker, run_id, f"{type(error).__name__}: {error}", at=at)
    await _keep(session_maker, run_id, bodies, at=at)
    return await _finish(session_maker, run_id, day, window, reports, at=at)


def _due_at(day: date, runs: list[ReconciliationRun]) -> datetime | None:
    """Return when a day is to be compared next, given its runs, oldest first; nothing when it is done.

    A day with differences is due once more a day later.
    """
    due_at = datetime.combine(day + DAY, READY_AT, ISTANBUL)
    good = [run for run in runs if run.finished_at is not None and run.error is None]
    if good:
        due_at += DAY
        if not good[-1].difference_count or good[-1].started_at >= due_at:
            return None
    since = [run for run in runs if run.started_at >= due_at]
    if not since:
        return due_at
    wait = RETRIES[min(len(since), len(RETRIES)) - 1]
    is_open = since[-1].finished_at is None
    return since[-1].started_at + (max(wait, CUT_OFF_AFTER) if is_open else wait)


async def _claim(
    session_maker: Maker, day: date, *, at: datetime, only_if_due: bool
) -> tuple[UUID, date] | None:
    """Begin a run unless another one of the day is under way; the lock lets two workers begin one."""
    async with unit_of_work(session_maker) as session:
        await advisory_lock(session, "reconciliation", day.isoformat())
        runs = list(
            await session.scalars(
                select(ReconciliationRun)
                .where(ReconciliationRun.day == day)
                .order_by(ReconciliationRun.started_at)
            )
        )
        if only_if_due:
            due_at = _due_at(day, runs)
            if due_at is None or due_at > at:
                return None
        elif runs and runs[-1].finished_at is None and runs[-1].started_at > at - CUT_OFF_AFTER:
            raise RunUnderWay(N_("This day is being compared at this moment. Look again in a minute."))
        if _has_failed_too_often(runs):
            await _report_outage(session, day, runs[-1].error, at=at)
        run = ReconciliationRun(day=day, started_at=at)
        session.add(run)
        await session.flush()
        return run.id, await earliest_start(session, day)


def _has_failed_too_often(runs: Sequence[ReconciliationRun]) -> bool:
    """Say whether each of a day's latest runs, oldest first, was without reports or was cut off."""
    latest = runs[-TRIES_BEFORE_CASE:]
    ended_well = any(run.finished_at is not None and run.error is None for run in latest)
    return len(latest) == TRIES_BEFORE_CASE and not ended_well


async def _report_outage(session: AsyncSession, day: date, error: str | None, *, at: datetime) -> None:
    """Tell a person that a day cannot be compared; the days behind it wait, so it is one case an outage."""
    facts = {"answer": error} if error else {}
    await open_case(session, CaseKind.REPORTS_MISSING, day.isoformat(), company_id=None, facts=facts, at=at)


async def _fail(session_maker: Maker, run_id: UUID, error: str, *, at: datetime) -> ReconciliationRun:
    log.warning("reconciliation.no_reports", run=str(run_id), reason=error)
    async with unit_of_work(session_maker) as session:
        run = await session.get_one(ReconciliationRun, run_id)
        run.finished_at, run.error = at, error
    return run


async def _keep(session_maker: Maker, run_id: UUID, bodies: tuple[Fetched, ...], *, at: datetime) -> None:
    """Keep what PayTR said before anything is made of it."""
    async with unit_of_work(session_maker) as session:
        for fetched in bodies:
            row = fetched.as_row(at=at)
            row.run_id = run_id
            session.add(row)


async def _finish(
    session_maker: Maker, run_id: UUID, day: date, window: Window, reports: Reports, *, at: datetime
) -> ReconciliationRun:
    async with unit_of_work(session_maker) as session:
        oids = {row.merchant_oid for row in reports.rows}
        entries = await entries_between(session, window.first, window.last, oids=oids)
        comparison = compare(day, entries, reports, opening=await opening_balance(session, day))
        await _say_what_we_know(session, comparison.differences)
        run = await session.get_one(ReconciliationRun, run_id)
        run.finished_at = at
        run.sales_count, run.refund_count = comparison.sales_count, comparison.refund_count
        run.totals = comparison.totals_as_facts
        run.difference_count = len(comparison.differences)
        session.add_all(rows_of(run_id, comparison.differences))
        await post_reported(session, [pair for pair in comparison.pairs if pair.day == day], at=at)
        await _end_outage(session, day, at=at)
        await _lay_before_an_operator(session, day, comparison, at=at)
    return run


async def _end_outage(session: AsyncSession, day: date, *, at: datetime) -> None:
    note = N_("PayTR's reports came after all.")
    subject = day.isoformat()
    await settle_case(session, CaseKind.REPORTS_MISSING, subject, decision="settled", note=note, at=at)


def rows_of(run_id: UUID, differences: Sequence[Difference]) -> list[ReconciliationDifference]:
    """Return the rows that keep differences, in their order."""
    return [
        ReconciliationDifference(
            run_id=run_id,
            position=position,
            cause=difference.cause,
            kind=difference.kind,
            merchant_oid=difference.merchant_oid,
            reference=difference.reference,
            currency=difference.currency,
            ours=difference.ours,
            theirs=difference.theirs,
            facts=difference.facts,
        )
        for position, difference in enumerate(differences, start=1)
    ]


async def _say_what_we_know(session: AsyncSession, differences: list[Difference]) -> None:
    """Add to money we do not have what our book says about its order, if it knows it at all."""
    missing = [one for one in differences if one.cause is DifferenceCause.MISSING_HERE and one.merchant_oid]
    states = await states_of(session, {one.merchant_oid for one in missing if one.merchant_oid})
    for one in missing:
        if state := states.get(one.merchant_oid or ""):
            one.facts["our_state"] = state


async def _lay_before_an_operator(
    session: AsyncSession, day: date, comparison: Comparison, *, at: datetime
) -> None:
    """Open the day's case, or close it once nothing differs any more."""
    kind, subject = CaseKind.RECONCILIATION_DIFFERS, day.isoformat()
    if comparison.differences:
        causes = Counter(difference.cause.value for difference in comparison.differences)
        facts = {"differences": len(comparison.differences), "causes": causes}
        await open_case(session, kind, subject, company_id=None, facts=facts, at=at)
    else:
        note = N_("A later comparison of this day found no difference.")
        await settle_case(session, kind, subject, decision="settled", note=note, at=at)
