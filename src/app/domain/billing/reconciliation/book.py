"""Our side of a reconciliation: the money of some days as our own book has it."""

from collections.abc import Collection, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import (
    MONEY_TAKEN,
    CardRegistration,
    CaseKind,
    DifferenceCause,
    OperatorCase,
    Payment,
    PaymentEvent,
    ReconciliationDifference,
    ReconciliationRun,
    Refund,
    RefundStatus,
)
from app.domain.billing.reconciliation.rules import Entry
from app.domain.companies.clocks import ON_CLOCKS
from app.lib.clock import ISTANBUL


def day_of(at: datetime) -> date:
    """Return Türkiye's day of an instant."""
    return at.astimezone(ISTANBUL).date()


def start_of(day: date) -> datetime:
    """Return the instant at which a day of Türkiye begins."""
    return datetime.combine(day, time.min, ISTANBUL)


def is_good() -> ColumnElement[bool]:
    """Return the condition of a run that came to its end."""
    return and_(ReconciliationRun.finished_at.is_not(None), ReconciliationRun.error.is_(None))


async def first_day_of_money(session: AsyncSession) -> date | None:
    """Return the day of our first sale, or nothing before there is one."""
    registration = select(func.min(CardRegistration.created_at)).where(
        CardRegistration.collected.is_not(None)
    )
    sale = select(func.min(Payment.succeeded_at))
    start = await session.scalar(select(func.least(sale.scalar_subquery(), registration.scalar_subquery())))
    return day_of(start) if start else None


async def earliest_start(session: AsyncSession, day: date) -> date:
    """Return the day on which the oldest of the day's sales and refunds was begun.

    News may come days late, and then PayTR's row lies between the two days.
    """
    starts = [
        await session.scalar(
            select(func.min(model.created_at)).where(
                _between(model.succeeded_at, day, day), model.company_id.not_in(ON_CLOCKS)
            )
        )
        for model in (Payment, Refund)
    ]
    return min([day, *(day_of(start) for start in starts if start)])


async def entries_between(
    session: AsyncSession, first: date, last: date, *, oids: Collection[str] = ()
) -> list[Entry]:
    """Return every sale and refund of these days, and those of the named orders whenever they were.

    Surplus money and the payments that verify a card count, since PayTR holds them as well; test payments
    are told apart.
    """
    rows: list[Row[Any]] = []
    for statement in _every_movement():
        found = statement.subquery()
        of_days = select(found).where(_between(found.c.at, first, last))
        of_orders = select(found).where(found.c.merchant_oid.in_(oids))
        # a union, since each part has an index of its own and `OR` would read every refund
        rows += (await session.execute(of_days.union(of_orders))).all()
    before = {(row.merchant_oid, row.reference): day_of(row.at) for row in rows if day_of(row.at) < first}
    has_met = before.keys() - await _not_met(session, before)
    return [
        Entry(
            is_refund=row.reference is not None,
            merchant_oid=row.merchant_oid,
            amount=row.amount,
            currency=row.currency,
            day=day_of(row.at),
            reference=row.reference,
            surcharge=row.surcharge,
            is_test=row.is_test,
            has_met=(row.merchant_oid, row.reference) in has_met,
        )
        for row in rows
    ]


async def states_of(session: AsyncSession, oids: Collection[str]) -> dict[str, str]:
    """Return what our book says about orders whose money it does not have."""
    states: dict[str, str] = {}
    for model in (CardRegistration, Payment):  # an order's payment that keeps a card is in both
        rows = await session.execute(
            select(model.merchant_oid, model.status).where(model.merchant_oid.in_(oids))
        )
        states |= {oid: str(status.value) for oid, status in rows}
    return states


async def opening_balance(session: AsyncSession, day: date) -> dict[str, int] | None:
    """Return by currency what PayTR owed us when `day` began; nothing when the day before is not compared.

    Before our first sale PayTR owes us nothing.
    """
    totals = await session.scalar(
        select(ReconciliationRun.totals)
        .where(ReconciliationRun.day == day - timedelta(days=1), is_good())
        .order_by(ReconciliationRun.started_at.desc())
        .limit(1)
    )
    if totals is not None:
        return {currency: one["closing"] for currency, one in totals.items()}
    first = await first_day_of_money(session)
    return {} if first is None or first >= day else None


def _between(column: Any, first: date, last: date) -> ColumnElement[bool]:
    return and_(column >= start_of(first), column < start_of(last + timedelta(days=1)))


def _movements(*, merchant_oid: Any, **columns: Any) -> Select[Any]:
    """Select movements of one kind, with what tells a test payment from money."""
    said = exists().where(
        PaymentEvent.merchant_oid == merchant_oid, PaymentEvent.payload["test_mode"].astext == "1"
    )
    held = exists().where(OperatorCase.kind == CaseKind.TEST_PAYMENT, OperatorCase.subject == merchant_oid)
    columns |= {"merchant_oid": merchant_oid, "is_test": or_(said, held)}
    return select(*(column.label(name) for name, column in columns.items()))


def _every_movement() -> Iterator[Select[Any]]:
    """Yield what moved money; of a company on a test clock by the real day, which is PayTR's."""
    parts = (
        (_sales, Payment, Payment.succeeded_at),
        (_refunds, Refund, Refund.succeeded_at),
        (_verifications, CardRegistration, func.coalesce(_told_at(), CardRegistration.created_at)),
        (_verification_refunds, CardRegistration, CardRegistration.refunded_at),
    )
    for movements, table, at in parts:
        yield movements(at).where(table.company_id.not_in(ON_CLOCKS))
        yield movements(table.created_at).where(table.company_id.in_(ON_CLOCKS))


def _told_at() -> ScalarSelect[Any]:
    """Return when the first news of a registration came."""
    return (
        select(func.min(PaymentEvent.received_at))
        .where(PaymentEvent.merchant_oid == CardRegistration.merchant_oid, PaymentEvent.outcome != "declined")
        .scalar_subquery()
    )


def _sales(at: Any) -> Select[Any]:
    return _movements(
        merchant_oid=Payment.merchant_oid,
        amount=func.coalesce(Payment.collected, Payment.amount),
        currency=Payment.currency,
        at=at,
        reference=cast(null(), Text),
        surcharge=literal(0),
    ).where(Payment.status.in_(MONEY_TAKEN))


def _refunds(at: Any) -> Select[Any]:
    completes = and_(Payment.refunded >= Payment.amount, Payment.collected > Payment.refunded)
    return (
        _movements(
            merchant_oid=Payment.merchant_oid,
            amount=func.coalesce(Refund.returned, Refund.amount),
            currency=Refund.currency,
            at=at,
            reference=Refund.reference,
            surcharge=case((completes, Payment.collected - Payment.refunded), else_=0),
        )
        .join_from(Refund, Payment, Refund.payment_id == Payment.id)
        .where(Refund.status == RefundStatus.SUCCEEDED)
    )


def _verifications(at: Any) -> Select[Any]:
    """Select the payments by which PayTR takes a card into its keeping."""
    return _movements(
        merchant_oid=CardRegistration.merchant_oid,
        amount=CardRegistration.collected,
        currency=CardRegistration.currency,
        at=at,
        reference=cast(null(), Text),
        surcharge=literal(0),
    ).where(CardRegistration.collected.is_not(None))


def _verification_refunds(at: Any) -> Select[Any]:
    return _movements(
        merchant_oid=CardRegistration.merchant_oid,
        amount=CardRegistration.collected,
        currency=CardRegistration.currency,
        at=at,
        reference=CardRegistration.refund_reference,
        surcharge=literal(0),
    ).where(CardRegistration.refund_status == RefundStatus.SUCCEEDED)


async def _not_met(
    session: AsyncSession, before: dict[tuple[str, str | None], date]
) -> set[tuple[str, str | None]]:
    """Return which of these were without their row when their own day was compared, or never were."""
    if not before:
        return set()
    compared = set(
        await session.scalars(
            select(ReconciliationRun.day)
            .where(ReconciliationRun.day.in_(set(before.values())), is_good())
            .distinct()
        )
    )
    missing = await session.execute(
        select(ReconciliationDifference.merchant_oid, ReconciliationDifference.reference).where(
            ReconciliationDifference.cause == DifferenceCause.MISSING_THERE,
            ReconciliationDifference.merchant_oid.in_({oid for oid, _ in before}),
        )
    )
    reported = {(oid, reference) for oid, reference in missing if oid is not None}
    return {key for key, day in before.items() if day not in compared or key in reported}
