"""A shop whose days pass: companies pay at given instants, and PayTR's book hears the same."""

from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import Payment, PaymentStatus, Refund, RefundStatus
from app.domain.billing.checkout import frame_request
from app.domain.payments.paytr.fake import InMemoryGateway
from app.lib.clock import ISTANBUL
from app.lib.settings import Settings
from app.lib.uow import unit_of_work
from tests.factories import Customer, make_customer, pay

numbers = count(1)


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
