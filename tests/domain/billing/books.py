"""A shop whose days pass: companies pay at given instants, and PayTR's book hears the same."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from itertools import count
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import (
    OperatorCase,
    Payment,
    PaymentStatus,
    ProviderReport,
    ReconciliationDifference,
    ReconciliationRun,
    Refund,
    RefundStatus,
    ReportKind,
)
from app.domain.billing.checkout import frame_request
from app.domain.billing.reconciliation.proof import Totals
from app.domain.billing.reconciliation.reports import Fetched
from app.domain.billing.reconciliation.rules import Difference
from app.domain.billing.reconciliation.service import reconcile_day, rows_of
from app.domain.payments.paytr.fake import InMemoryGateway
from app.lib.clock import ISTANBUL
from app.lib.settings import Settings
from app.lib.uow import unit_of_work
from tests.factories import Customer, make_customer, pay

numbers = count(1)
FRIDAY, SATURDAY, SUNDAY = date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 22)


def istanbul(text: str) -> datetime:
    """Return an instant written in Türkiye's time."""
    return datetime.fromisoformat(text).replace(tzinfo=ISTANBUL)


class Shop:
    """Our book and PayTR's, filled side by side; `at` is PayTR's clock."""

    def __init__(self, session_maker: async_sessionmaker[AsyncSession], settings: Settings) -> None:
        self.session_maker = session_maker
        self.settings = settings
        self.at = istanbul("2026-11-19 12:00")
        self.gateway = InMemoryGateway(clock=lambda: self.at)

    async def sell(self, text: str, *, there: str | None = None, plan: str = "team") -> Payment:
        """Sell a plan at an instant of Türkiye's; PayTR dates it `there` where that differs."""
        at = istanbul(text)
        customer = await self.customer(at - timedelta(minutes=5))
        checkout = await pay(self.session_maker, customer, self.settings, plan=plan, at=at)
        async with self.session_maker() as session:
            viewer = await customer.viewer(session)
        self.at = istanbul(there or text)
        await self.gateway.request_frame(
            frame_request(checkout, viewer, self.settings, address="203.0.113.7")
        )
        self.gateway.pay(checkout.payment.merchant_oid)
        return checkout.payment

    async def give_back(self, payment: Payment, text: str, amount: int, *, there: bool = True) -> Refund:
        """Refund a part at an instant of Türkiye's, here and, unless it is said otherwise, there."""
        at = istanbul(text)
        reference = f"TZR{next(numbers):06d}"
        if there:
            self.at = at
            await self.gateway.refund(merchant_oid=payment.merchant_oid, amount=amount, reference=reference)
        async with unit_of_work(self.session_maker) as session:
            row = await session.get_one(Payment, payment.id)
            row.refund_reserved += amount
            row.refunded += amount
            row.status = PaymentStatus.PARTLY_REFUNDED
            refund = Refund(
                company_id=row.company_id,
                payment_id=row.id,
                reference=reference,
                status=RefundStatus.SUCCEEDED,
                amount=amount,
                returned=amount,
                currency=row.currency,
                reason="for the test",
                succeeded_at=at,
            )
            session.add(refund)
        return refund

    async def forget(self, payment: Payment) -> None:
        """Lose a payment here, as a restored backup would."""
        await self.change(
            payment.id, status=PaymentStatus.WAITING, collected=None, succeeded_at=None, is_surplus=False
        )

    async def change(self, payment_id: UUID, **values: object) -> None:
        """Write into our book what no rule would."""
        async with unit_of_work(self.session_maker) as session:
            await session.execute(update(Payment).where(Payment.id == payment_id).values(**values))

    async def customer(self, at: datetime) -> Customer:
        """Return a new company."""
        return await make_customer(self.session_maker, name=f"Işık {next(numbers)}", at=at)


async def add_run(
    session_maker: async_sessionmaker[AsyncSession],
    day: date,
    *,
    differences: Sequence[Difference] = (),
    totals: dict[str, Totals] | None = None,
    body: str = '{"status":"success"}',
) -> tuple[ReconciliationRun, ProviderReport]:
    """Keep a run of a day with one report, as the engine would have written it."""
    at = datetime.combine(day + timedelta(days=1), time(5), ISTANBUL)
    fetched = Fetched(ReportKind.TRANSACTIONS, day - timedelta(days=1), day + timedelta(days=1), body)
    report = fetched.as_row(at=at)
    run = ReconciliationRun(
        day=day,
        started_at=at,
        finished_at=at,
        totals={currency: asdict(total) for currency, total in (totals or {}).items()},
        difference_count=len(differences),
    )
    async with unit_of_work(session_maker) as session:
        session.add(run)
        await session.flush()
        report.run_id = run.id
        session.add_all([report, *rows_of(run.id, differences)])
    return run, report


async def compared(shop: Shop, day: date = FRIDAY, *, at: str = "2026-11-21 05:30") -> ReconciliationRun:
    shop.at = istanbul(at)
    run = await reconcile_day(shop.session_maker, shop.gateway, day, at=shop.at)
    assert run is not None
    return run


async def found(shop: Shop, run: ReconciliationRun) -> list[tuple[str, str, str | None]]:
    async with shop.session_maker() as session:
        rows = await session.scalars(
            select(ReconciliationDifference)
            .where(ReconciliationDifference.run_id == run.id)
            .order_by(ReconciliationDifference.position)
        )
        return [(row.cause.value, row.kind, row.merchant_oid) for row in rows]


async def cases(shop: Shop) -> list[OperatorCase]:
    async with shop.session_maker() as session:
        return list(await session.scalars(select(OperatorCase)))
