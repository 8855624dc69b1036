"""One company, PayTR and a clock; every step is something that somebody may do at that moment."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Interval, Payment, PaymentStatus, StoredCard, Subscription, SubscriptionStatus
from app.domain.billing.cancellation import service as cancellation
from app.domain.billing.changes.service import undo_pending
from app.domain.billing.checkout import Checkout, frame_request, pay_change, place_order
from app.domain.billing.dunning.service import retry_now
from app.domain.billing.refunds.service import request_refund
from app.domain.billing.trials.conversion import choose_conversion
from app.domain.companies.viewer import Viewer
from app.domain.ledger.proof import find_breaks
from app.domain.payments.values import FrameRequest
from app.domain.plans.queries import current_price
from app.domain.subscriptions.entitlement import entitlement_of
from app.domain.subscriptions.queries import newest_subscription
from app.lib.errors import DomainError
from app.lib.uow import unit_of_work
from app.tasks.billing import SWEEPS
from tests.factories import Customer
from tests.scenarios.cashier import Cashier, stored_card
from tests.scenarios.planner import Planner

WORK = (
    "trial_check",
    "subscription_manager",
    "renewal_notices",
    "retention_check",
    "sweep_charges",
    "sweep_inquiries",
    "sweep_refunds",
)
ANSWERS = {
    "paid": {"wire_status": "success"},
    "waits": {"wire_status": "wait_callback"},
    "declined": {"wire_status": "failed"},
    "closed": {"wire_status": "failed", "may_retry": False},
}
LONGEST_OUTAGE = 20
DECLINED = {"status": "failed", "total_amount": 0, "failed_reason_code": "0"}


@dataclass
class World:
    """What a company's people, its bank, PayTR, operators and our workers do to it."""

    cashier: Cashier
    customer: Customer
    at: datetime
    refused: int = 0
    """How often somebody was told why not."""

    async def buy(self, plan: str, interval: str, ends: str) -> None:
        """Somebody opens PayTR's page; it is paid and told, paid and not told, declined, or left open."""

        async def order(session: AsyncSession, viewer: Viewer) -> Payment:
            checkout = await place_order(session, viewer, plan_code=plan, interval=interval, at=self.at)
            await self.cashier.gateway.request_frame(self._frame(checkout, viewer))
            return checkout.payment

        payment = await self._as_owner(order)
        if payment is None:
            return
        if ends in {"paid", "lost"}:
            self.cashier.gateway.pay(payment.merchant_oid)
        if ends in {"paid", "declined"}:
            await self._tell(payment)

    async def keep_card(self, answer: str) -> None:
        """A card is stored and becomes the default; what is owed is charged to it at once."""
        tokens = self.cashier.gateway.keep_card()
        self.cashier.gateway.answer_charges(*tokens, **ANSWERS[answer])  # type: ignore[arg-type]  # a table of calls
        settings = self.cashier.resources.settings
        async with unit_of_work(self.cashier.resources.session_maker) as session:
            own = select(StoredCard).where(StoredCard.company_id == self.customer.company.id)
            for earlier in await session.scalars(own):
                earlier.is_default = False
            await session.flush()
            session.add(stored_card(self.customer, tokens, settings.secret_key, self.at, is_default=True))
            await session.flush()
            await retry_now(session, self.customer.company.id, at=self.at)

    async def change(self, plan: str, interval: str, by_card: bool) -> None:
        """Another plan is asked for; by card it is charged in a moment, otherwise its page is paid."""
        planner = Planner(self.cashier, self.customer)
        try:
            seen = await planner.preview(plan, interval, self.at)
            done = await planner.confirm(seen, self.at, by_card=by_card)
        except DomainError:
            self.refused += 1
            return
        order = done.order
        if done.payment is None and order is not None and order.due:
            await self._as_owner(lambda session, viewer: self._show_page(session, viewer, order.id))

    async def undo(self) -> None:
        """A change that waits is taken back."""
        await self._as_owner(lambda session, viewer: undo_pending(session, viewer, at=self.at))

    async def convert(self, interval: str) -> None:
        """The trial is to go on as a paid period."""

        async def choose(session: AsyncSession, viewer: Viewer) -> None:
            plan = viewer.subscription.plan_code if viewer.subscription else "team"
            price = await current_price(session, plan, Interval(interval))
            await choose_conversion(session, viewer, str(price.id), at=self.at)

        await self._as_owner(choose)

    async def cancel(self, how: str) -> None:
        """The subscription is canceled at its period's end or now, or the cancellation taken back."""
        settings = self.cashier.resources.settings

        async def leave(session: AsyncSession, viewer: Viewer) -> None:
            leaving = (await cancellation.outlook(session, viewer, at=self.at)).leaving
            seen = cancellation.sealed(leaving, settings, expires_at=self.at + timedelta(hours=1))
            await cancellation.cancel_now(session, viewer, seen, settings=settings, at=self.at)

        steps: dict[str, Callable[[AsyncSession, Viewer], Awaitable[Any]]] = {
            "later": lambda s, v: cancellation.cancel_at_period_end(s, v, settings=settings, at=self.at),
            "resume": lambda s, v: cancellation.resume(s, v, settings=settings, at=self.at),
            "now": leave,
        }
        await self._as_owner(steps[how])

    async def pay(self, index: int) -> None:
        """The bank takes the money of any attempt there is, however late, and nobody tells."""
        if payment := await self._known(index):
            self.cashier.gateway.pay(payment.merchant_oid)

    async def tell(self, index: int) -> None:
        """PayTR reports any attempt as it stands in its own book, perhaps again."""
        if payment := await self._known(index):
            await self._tell(payment)

    async def give_back(self, index: int, share: int) -> None:
        """An operator gives a part of a payment back."""
        payment = await self._known(index)
        if payment is None or payment.status is not PaymentStatus.SUCCEEDED:
            return
        amount = max((payment.collected or 0) * share // 100, 1)
        with suppress(DomainError):
            async with unit_of_work(self.cashier.resources.session_maker) as session:
                await request_refund(
                    session, payment.id, amount=amount, reason="goodwill", requested_by_id=None, at=self.at
                )

    async def wait(self, hours: int, reaches_paytr: bool) -> None:
        """Time passes; then two workers do at once whatever is due, until nothing is.

        PayTR is never away for longer than a day: what is undecided then is told of, as it should be.
        """
        self.at += timedelta(hours=hours if reaches_paytr else min(hours, LONGEST_OUTAGE))
        self.cashier.gateway.clock = lambda: self.at
        self.cashier.gateway.unreachable = not reaches_paytr
        for _ in range(3):
            await asyncio.gather(self._work(), self._work())
            self.at += timedelta(minutes=2)
        self.cashier.gateway.unreachable = False

    async def come_to_rest(self) -> None:
        """The company leaves and everything that is out is told, so that nothing of it is due any more."""
        await self.cancel("now")
        for index in range(await self._count()):
            await self.tell(index)
        for hours in (1, 1, 24, 24 * 40):
            await self.wait(hours, True)

    async def holds(self) -> None:
        """Every rule of the book holds, and access is what the company has paid for or is granted."""
        async with self.cashier.resources.session_maker() as session:
            findings = await find_breaks(session, at=self.at)
            assert findings.found == [], findings.found
            live = Subscription.status != SubscriptionStatus.CANCELED
            own = select(Subscription).where(Subscription.company_id == self.customer.company.id, live)
            assert len(list(await session.scalars(own))) <= 1
            subscription = await newest_subscription(session, self.customer.company.id)
            assert subscription is not None
            may = entitlement_of(subscription, self.at).may_run_workspaces
            if subscription.status in {SubscriptionStatus.SUSPENDED, SubscriptionStatus.CANCELED}:
                assert not may
            if subscription.current_period_end and self.at < subscription.current_period_end:
                assert may == (subscription.status is not SubscriptionStatus.CANCELED)

    async def _work(self) -> None:
        for name in WORK:
            tally = await SWEEPS[name](self.cashier.resources, self.at)
            assert tally.failed == 0, name

    async def _tell(self, payment: Payment) -> None:
        self.at += timedelta(seconds=1)  # no two things happen at one instant
        paid = self.cashier.gateway.attempts[payment.merchant_oid].total
        await self.cashier.callback(payment, self.at, **({} if paid else DECLINED))

    async def _show_page(self, session: AsyncSession, viewer: Viewer, order_id: UUID) -> None:
        checkout = await pay_change(session, viewer, order_id, at=self.at)
        await self.cashier.gateway.request_frame(self._frame(checkout, viewer))

    def _frame(self, checkout: Checkout, viewer: Viewer) -> FrameRequest:
        return frame_request(checkout, viewer, self.cashier.resources.settings, address="203.0.113.7")

    async def _count(self) -> int:
        async with self.cashier.resources.session_maker() as session:
            own = select(func.count()).where(Payment.company_id == self.customer.company.id)
            return await session.scalar(own) or 0

    async def _known(self, index: int) -> Payment | None:
        """Return any attempt of this company that PayTR has heard of."""
        async with self.cashier.resources.session_maker() as session:
            own = select(Payment).where(Payment.company_id == self.customer.company.id).order_by(Payment.id)
            known = [
                row for row in await session.scalars(own) if row.merchant_oid in self.cashier.gateway.attempts
            ]
        return known[index % len(known)] if known else None

    async def _as_owner(self, do: Callable[[AsyncSession, Viewer], Awaitable[Any]]) -> Any:
        """Do what the owner asks for, in one transaction; a refusal is told and changes nothing."""
        self.at += timedelta(seconds=1)
        try:
            async with unit_of_work(self.cashier.resources.session_maker) as session:
                return await do(session, await self.customer.viewer(session))
        except DomainError:
            self.refused += 1
            return None
