"""A till that gives money back, on a line that breaks where a test says."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from app.db.models import AuditEntry, EmailMessage, Payment, PaymentStatus, Refund
from app.domain.billing.refunds.service import request_refund, send_refund
from app.domain.billing.settlement.service import Outcome
from app.domain.billing.verification.rules import LADDER
from app.domain.payments.gateway import GatewayUnreachable
from app.domain.payments.paytr.fake import InMemoryGateway
from app.domain.payments.values import Inquiry, RefundAnswer
from app.lib.clock import now
from app.lib.uow import unit_of_work
from app.tasks.billing import SWEEPS
from app.tasks.context import Resources
from tests.factories import Customer, make_customer
from tests.scenarios.shop import Shop

PRICE = 297_000
RUNGS = [sum(LADDER[:number], timedelta()) for number in range(len(LADDER) + 1)]
"""When each step comes, counted from the request: at once, after 2 minutes, after 7, ..."""


class Mood(StrEnum):
    """What becomes of one request; any other text is PayTR's error number."""

    WELL = "well"
    LOST_BEFORE = "lost before"
    """The request never arrives."""
    LOST_AFTER = "lost after"
    """PayTR does what it is asked; its answer never arrives."""


@dataclass
class Line:
    """What the next requests meet, in order; after that all goes well."""

    refunds: list[str] = field(default_factory=list)
    inquiries: list[str] = field(default_factory=list)


class MoodyGateway(InMemoryGateway):
    """The gateway in memory on a scripted line; counts what left."""

    def __init__(self) -> None:
        super().__init__()
        self.line = Line()
        self.calls: Counter[str] = Counter()

    async def refund(self, *, merchant_oid: str, amount: int, reference: str) -> RefundAnswer:
        """Give back, refuse, or get lost."""
        self.calls["refund"] += 1
        mood = self.line.refunds.pop(0) if self.line.refunds else Mood.WELL
        if mood == Mood.LOST_BEFORE:
            raise GatewayUnreachable("the request got lost")
        self.lose_answers = mood == Mood.LOST_AFTER
        self.refund_refusal = mood if mood.isdecimal() else None
        try:
            return await super().refund(merchant_oid=merchant_oid, amount=amount, reference=reference)
        finally:
            self.lose_answers, self.refund_refusal = False, None

    async def inquire(self, merchant_oid: str) -> Inquiry:
        """Answer, or get lost."""
        self.calls["inquire"] += 1
        if self.line.inquiries and self.line.inquiries.pop(0) != Mood.WELL:
            raise GatewayUnreachable("the question got lost")
        return await super().inquire(merchant_oid)

    def given_back(self, merchant_oid: str) -> dict[str, list[int]]:
        """Return the amounts in PayTR's book by reference."""
        found: dict[str, list[int]] = {}
        for refund in self.attempts[merchant_oid].refunds:
            found.setdefault(refund.reference, []).append(refund.amount)
        return found


@dataclass
class Till:
    """A shop that has sold one plan, and PayTR as the test wants it."""

    shop: Shop
    gateway: MoodyGateway
    customer: Customer
    oid: str
    start: datetime

    async def ask(self, amount: int = 100_000) -> Refund:
        payment = await self.payment()
        async with unit_of_work(self.shop.resources.session_maker) as session:
            return await request_refund(
                session,
                payment.id,
                amount=amount,
                reason="Asked by mail",
                requested_by_id=None,
                at=self.start,
            )

    async def send(self, refund: Refund, after: timedelta = timedelta()) -> Refund:
        """Let the task of the refund run once."""
        resources = self.shop.resources
        await send_refund(
            resources.session_maker, self.gateway, resources.settings, refund.id, at=self.start + after
        )
        return await self.reread(refund)

    async def climb(self, refund: Refund) -> Refund:
        """Let the sweep run until nothing is due any more."""
        for number in range(2 * len(LADDER)):
            at = (await self.reread(refund)).next_attempt_at
            if at is None:
                return await self.reread(refund)
            tally = await SWEEPS["sweep_refunds"](self.shop.resources, at)
            assert tally.failed == 0, number
        raise AssertionError("the ladder has no end")

    async def reread(self, refund: Refund) -> Refund:
        async with self.shop.resources.session_maker() as session:
            return await session.get_one(Refund, refund.id)

    async def payment(self) -> Payment:
        async with self.shop.resources.session_maker() as session:
            statement = select(Payment).where(Payment.merchant_oid == self.oid)
            return (await session.scalars(statement)).one()

    async def sums(self) -> tuple[PaymentStatus, int, int]:
        payment = await self.payment()
        return payment.status, payment.refund_reserved, payment.refunded

    async def actions(self) -> list[str]:
        entries: list[AuditEntry] = await self.shop.all(AuditEntry)
        return [entry.action for entry in entries if entry.action.startswith("refund.")]

    async def mails(self) -> list[EmailMessage]:
        """Return the letters about refunds, once their credit notes are drawn."""
        await SWEEPS["sweep_invoices"](self.shop.resources, self.start + timedelta(days=60))
        mails: list[EmailMessage] = await self.shop.all(EmailMessage)
        return [mail for mail in mails if mail.template == "refund_sent"]


async def open_till(resources: Resources, *, total: int = PRICE, language: str = "tr") -> Till:
    """Sell the plan for `total` kuruş; what is above the price is the surcharge of three instalments."""
    gateway, at = MoodyGateway(), now()
    shop = Shop(replace(resources, gateway=gateway))
    customer = await make_customer(resources.session_maker, language=language)
    checkout = await shop.open_frame(customer, at)
    gateway.pay(checkout.payment.merchant_oid, total=total)
    told: dict[str, Any] = {"payment_amount": PRICE, "installment_count": 3} if total != PRICE else {}
    assert await shop.report(checkout, at, total_amount=total, **told) is Outcome.APPLIED
    return Till(shop, gateway, customer, checkout.payment.merchant_oid, at)
