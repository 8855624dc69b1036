"""Any sequence of charges, pages, answers, crashes, callbacks, questions and hours: the money adds up."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.db.models import (
    MONEY_TAKEN,
    OperatorCase,
    Order,
    OrderStatus,
    Payment,
    PaymentChannel,
    PaymentStatus,
    Refund,
)
from app.domain.billing.charging.attempts import AlreadyUnderWay, CardUnfit
from app.domain.billing.verification.rules import LADDER
from app.domain.payments.values import ChargeAnswer, PaymentRequest
from app.lib.clock import now
from app.lib.errors import DomainError
from app.tasks.billing import SWEEPS
from tests.factories import make_customer
from tests.scenarios.cashier import Cashier, Debtor

ANSWERS = {
    "paid": ("success", None),
    "waits": ("wait_callback", None),
    "declined": ("failed", None),
    "busy": ("failed", True),
    "closed": ("failed", False),
}
ACCIDENTS = (*[None] * 6, "written", "before", "after", "unreachable", "lost")
"""Where the process dies, or the line breaks; mostly neither."""
INDEX = st.integers(0, 3)
STEPS = st.one_of(
    st.tuples(st.just("charge"), st.sampled_from(sorted(ANSWERS)), st.sampled_from(ACCIDENTS)),
    st.tuples(st.just("page")),
    st.tuples(st.just("pay"), INDEX),
    st.tuples(st.just("callback"), INDEX),
    st.tuples(st.just("pay_and_tell"), INDEX),
    st.tuples(st.just("work"), st.sampled_from([True, True, True, False])),
    st.tuples(st.just("wait"), st.sampled_from([1, 2, 6, 20, 70, 400, 1500])),
)


class Killed(BaseException):
    """The process ends here."""


@dataclass
class World:
    """One debtor, PayTR, and a clock; every step leaves the book explained."""

    cashier: Cashier
    debtor: Debtor
    at: datetime
    accident: str | None = None
    charged: list[str] = field(default_factory=list)

    async def charge_stored_card(
        self, payment: PaymentRequest, *, user_token: str, card_token: str
    ) -> ChargeAnswer:
        """Stand between the machine and PayTR: see what stands written, and let accidents happen."""
        book = await self.payments()
        undecided = [row for row in book if row.is_undecided]
        assert [(row.merchant_oid, row.status) for row in undecided] == [
            (payment.merchant_oid, PaymentStatus.SENT)
        ]
        assert payment.merchant_oid not in self.charged, "one attempt leaves once"
        self.charged.append(payment.merchant_oid)
        if self.accident == "before":
            raise Killed
        charge = type(self.cashier.gateway).charge_stored_card
        answer = await charge(self.cashier.gateway, payment, user_token=user_token, card_token=card_token)
        if self.accident == "after":
            raise Killed
        return answer

    async def payments(self) -> list[Payment]:
        async with self.cashier.resources.session_maker() as session:
            own = select(Payment).where(Payment.order_id == self.debtor.order.id).order_by(Payment.id)
            return list(await session.scalars(own))

    async def charge(self, answer: str, accident: str | None) -> None:
        wire_status, may_retry = ANSWERS[answer]
        gateway = self.cashier.gateway
        gateway.answer_charges(*self.debtor.tokens, wire_status=wire_status, may_retry=may_retry)
        self.accident = accident
        gateway.unreachable, gateway.lose_answers = accident == "unreachable", accident == "lost"
        before = await self.payments()
        try:
            if accident == "written":
                await self.cashier.write_down(self.debtor, self.at)
            else:
                await self.cashier.charge(self.debtor, self.at)
        except AlreadyUnderWay:
            assert any(row.is_undecided for row in before)
        except CardUnfit:
            assert any(row.failure_code == "card_refused" for row in before)
        except DomainError:
            assert any(row.status in MONEY_TAKEN for row in before)
        except Killed:
            pass
        gateway.unreachable = gateway.lose_answers = False
        self.accident = None

    async def page(self) -> None:
        try:
            await self.cashier.open_frame(self.debtor.customer, self.at)
        except AlreadyUnderWay:
            charges = [row for row in await self.payments() if row.channel is PaymentChannel.STORED_CARD]
            assert any(row.is_undecided for row in charges)

    async def pay(self, index: int) -> None:
        """The bank takes the money of an attempt, whatever was said of it before."""
        if attempt := await self._known(index):
            self.cashier.gateway.pay(attempt.merchant_oid)

    async def pay_and_tell(self, index: int) -> None:
        """The bank takes the money, and PayTR reports it at once."""
        await self.pay(index)
        await self.callback(index)

    async def callback(self, index: int) -> None:
        """PayTR reports an attempt as it stands in its own book."""
        if attempt := await self._known(index):
            paid = self.cashier.gateway.attempts[attempt.merchant_oid].total is not None
            failure = {} if paid else {"status": "failed", "total_amount": 0, "failed_reason_code": "0"}
            await self.cashier.callback(attempt, self.at, **failure)

    async def work(self, reaches_paytr: bool = True) -> None:
        self.cashier.gateway.unreachable = not reaches_paytr
        for sweep in ("sweep_charges", "sweep_inquiries", "sweep_refunds"):
            assert (await SWEEPS[sweep](self.cashier.resources, self.at)).failed == 0
        self.cashier.gateway.unreachable = False

    async def wait(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    async def _known(self, index: int) -> Payment | None:
        known = [row for row in await self.payments() if row.merchant_oid in self.cashier.gateway.attempts]
        return known[index % len(known)] if known else None

    async def explained(self) -> None:
        """Nothing is undecided without an instant at which it is looked at, or an open case."""
        open_cases = {case.subject for case in await self.cashier.all(OperatorCase) if not case.closed_at}
        for row in await self.payments():
            assert not row.is_undecided or row.next_inquiry_at or row.merchant_oid in open_cases
            assert row.status in MONEY_TAKEN or row.collected is None

    async def come_to_rest(self) -> None:
        """PayTR has reported every success, and whatever was due has been done."""
        for index in range(len(await self.payments())):
            await self.callback(index)
        for _ in range(4 * len(LADDER)):
            due = await self._next_due()
            if due is None:
                return
            self.at = max(self.at, due)
            await self.work()
        raise AssertionError("this never comes to rest")

    async def _next_due(self) -> datetime | None:
        async with self.cashier.resources.session_maker() as session:
            payments = await session.scalar(select(func.min(Payment.next_inquiry_at)))
            refunds = await session.scalar(select(func.min(Refund.next_attempt_at)))
        return min((due for due in (payments, refunds) if due), default=None)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(steps=[("page",), ("charge", "paid", None)])
@example(steps=[("page",), ("page",), ("pay_and_tell", 0), ("pay_and_tell", 1)])
@example(steps=[("charge", "waits", None), ("page",), ("charge", "paid", None)])
@example(steps=[("charge", "paid", "after"), ("wait", 2), ("work", False), ("charge", "paid", None)])
@example(steps=[("charge", "waits", "lost"), *[("wait", 1500), ("work", True)] * 7, ("pay_and_tell", 0)])
@example(steps=[("charge", "busy", None), ("charge", "paid", None), ("pay_and_tell", 0), ("callback", 1)])
@example(steps=[("charge", "paid", "written"), ("wait", 400), ("work", True), ("charge", "paid", None)])
@given(steps=st.lists(STEPS, min_size=2, max_size=14))
async def test_whatever_happens_nobody_is_charged_beside_an_open_attempt_and_all_money_is_booked(
    cashier: Cashier, steps: list[tuple[Any, ...]]
) -> None:
    at = now()
    debtor = await cashier.owes(await make_customer(cashier.resources.session_maker), at)
    world = World(cashier, debtor, at)
    cashier.gateway.charge_stored_card = world.charge_stored_card  # type: ignore[method-assign]  # stands before it
    for name, *arguments in steps:
        await getattr(world, name)(*arguments)
        await world.explained()
    await world.come_to_rest()
    await world.explained()
    del cashier.gateway.charge_stored_card
    await assert_books_agree(world)


async def assert_books_agree(world: World) -> None:
    """Our book and PayTR's are the same, and whatever came twice went back."""
    book = await world.payments()
    attempts = world.cashier.gateway.attempts
    for row in book:
        attempt = attempts.get(row.merchant_oid)
        taken = attempt.total if attempt else None
        assert row.collected == taken
        assert (row.status in MONEY_TAKEN) == (taken is not None)
        if row.is_surplus:
            assert attempt is not None
            assert (row.status, attempt.remaining) == (PaymentStatus.REFUNDED, 0)
    kept = [row for row in book if row.status is PaymentStatus.SUCCEEDED]
    async with world.cashier.resources.session_maker() as session:
        order = await session.get_one(Order, world.debtor.order.id)
    assert len(kept) == (order.status is OrderStatus.PAID) == any(row.collected for row in book)
