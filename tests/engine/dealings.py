"""What a company's people, its bank, PayTR and operators may do at any moment, each one step of the model."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Interval, OperatorCase, Order, OrderStatus, Payment, PaymentChannel, StoredCard
from app.domain.accounts.operators import Operator
from app.domain.billing.agreements.service import Answer, papers_to_show
from app.domain.billing.cancellation import service as cancellation
from app.domain.billing.cards.service import remove_card
from app.domain.billing.changes.service import undo_pending
from app.domain.billing.checkout import Checkout, frame_request, pay_change, place_order
from app.domain.billing.dunning.service import retry_now
from app.domain.billing.link_payments import begin_link_payment, link_frame_request
from app.domain.billing.refunds.service import request_refund
from app.domain.billing.trials.conversion import choose_conversion
from app.domain.companies.details import BillingDetails, change_details
from app.domain.companies.viewer import Viewer
from app.domain.ops.case_decisions import Decision, decide
from app.domain.ops.case_queries import case_file
from app.domain.payments.values import FrameRequest
from app.domain.plans.queries import current_price
from app.lib.errors import DomainError
from app.lib.uow import unit_of_work
from tests.engine.world import World
from tests.factories import Customer
from tests.scenarios.cashier import stored_card
from tests.scenarios.planner import Planner

ANSWERS: dict[str, dict[str, Any]] = {
    "paid": {"wire_status": "success"},
    "waits": {"wire_status": "wait_callback"},
    "declined": {"wire_status": "failed"},
    "closed": {"wire_status": "failed", "may_retry": False},
}
"""What PayTR says to a charge of a stored card."""
DECLINED = {"status": "failed", "total_amount": 0, "failed_reason_code": "0"}
INSTALLMENTS = 3
ADDRESS = "203.0.113.7"
Ask = Callable[[AsyncSession, Viewer], Awaitable[Any]]


@dataclass
class Dealings:
    """Whatever may be done to one company; what is refused changes nothing."""

    world: World
    customer: Customer
    refused: int = 0
    """How often somebody was told why not."""

    async def buy(self, plan: str, interval: str, ends: str) -> None:
        """Somebody opens PayTR's page; it is paid and told, paid and not told, declined, or left open."""

        async def order(session: AsyncSession, viewer: Viewer) -> tuple[Payment, FrameRequest]:
            checkout = await place_order(session, viewer, plan_code=plan, interval=interval, at=self.world.at)
            return checkout.payment, self._frame(checkout, viewer)

        await self._at_paytrs_page(await self._as_owner(order), ends)

    async def pay_by_link(self, index: int, ends: str) -> None:
        """Somebody without an account pays any order of the company that is open."""
        is_open = self._own(Order).where(Order.status == OrderStatus.OPEN)
        order = await self._any(is_open, Order.id, index)

        async def begin(session: AsyncSession, _: Viewer) -> tuple[Payment, FrameRequest]:
            settings, at = self.world.cashier.resources.settings, self.world.at
            papers = await papers_to_show(session, order, settings, language="tr", email="")
            said = Answer(accepts=True, shown=papers.digest if papers else "", language="tr", address=ADDRESS)
            attempt = await begin_link_payment(session, order.id, said, settings=settings, at=at)
            return attempt.payment, link_frame_request(attempt, settings, "token", address=ADDRESS)

        if order is not None:
            await self._at_paytrs_page(await self._as_owner(begin), ends)

    async def keep_card(self, answer: str) -> None:
        """A card is stored and becomes the default; what is owed is charged to it at once."""
        gateway, settings = self.world.cashier.gateway, self.world.cashier.resources.settings
        tokens = gateway.keep_card()
        gateway.answer_charges(*tokens, **ANSWERS[answer])

        async def keep(session: AsyncSession, _: Viewer) -> None:
            at = self.world.at
            for earlier in await session.scalars(self._own(StoredCard)):
                earlier.is_default = False
            await session.flush()
            session.add(stored_card(self.customer, tokens, settings.keys, at, is_default=True))
            await session.flush()
            await retry_now(session, self.customer.company.id, at=at)

        await self._as_owner(keep)

    async def drop_card(self, index: int) -> None:
        """Any card is taken away, unless a charge of it is undecided."""
        kept = self._own(StoredCard).where(StoredCard.removed_at.is_(None))
        card = await self._any(kept, StoredCard.id, index)
        if card is not None:
            await self._as_owner(lambda s, viewer: remove_card(s, viewer, card.id, at=self.world.at))

    async def change(self, plan: str, interval: str, by_card: bool) -> None:
        """Another plan is asked for; by card it is charged in a moment, otherwise its page is opened."""
        planner, at = Planner(self.world.cashier, self.customer), self.world.tick()
        try:
            done = await planner.confirm(await planner.preview(plan, interval, at), at, by_card=by_card)
        except DomainError:
            self.refused += 1
            return
        order = done.order
        if done.payment is not None or order is None or not order.due:
            return

        async def open_page(session: AsyncSession, viewer: Viewer) -> tuple[Payment, FrameRequest]:
            checkout = await pay_change(session, viewer, order.id, at=self.world.at)
            return checkout.payment, self._frame(checkout, viewer)

        await self._at_paytrs_page(await self._as_owner(open_page), "left")

    async def convert(self, interval: str) -> None:
        """The trial is to go on as a paid period."""

        async def choose(session: AsyncSession, viewer: Viewer) -> None:
            plan = viewer.subscription.plan_code if viewer.subscription else "team"
            price = await current_price(session, plan, Interval(interval))
            await choose_conversion(session, viewer, str(price.id), at=self.world.at)

        await self._as_owner(choose)

    async def cancel(self, how: str) -> None:
        """The subscription is canceled, now or with its period; that, or a change to come, is taken back."""
        settings = self.world.cashier.resources.settings

        async def leave(session: AsyncSession, viewer: Viewer) -> None:
            at = self.world.at
            shown = await cancellation.outlook(session, viewer, settings=settings, at=at)
            seen = cancellation.sealed(shown.leaving, settings, expires_at=at + timedelta(hours=1))
            await cancellation.cancel_now(session, viewer, seen, settings=settings, at=at)

        steps: dict[str, Ask] = {
            "later": lambda s, v: cancellation.cancel_at_period_end(
                s, v, settings=settings, at=self.world.at
            ),
            "resume": lambda s, v: cancellation.resume(s, v, settings=settings, at=self.world.at),
            "now": leave,
            "undo": lambda s, v: undo_pending(s, v, at=self.world.at),
        }
        await self._as_owner(steps[how])

    async def change_details(self, number: str) -> None:
        """The next invoice is to be made out to somebody else."""
        form = BillingDetails("Yeni Unvan A.Ş.", "Beşiktaş", number, "Barbaros Bulvarı 1, İstanbul")
        await self._as_owner(lambda s, viewer: change_details(s, viewer, form, at=self.world.at))

    async def pay(self, index: int, surcharge: int = 0) -> None:
        """The bank takes the money of any attempt there is, however late, and nobody tells.

        In PayTR's page it may take more: the surcharge of instalments, a thousandth each.
        """
        if payment := await self._known(index):
            extra = payment.amount * surcharge // 1000 if payment.channel is PaymentChannel.FRAME else 0
            attempt = self.world.cashier.gateway.attempts[payment.merchant_oid]
            if attempt.total is None:
                self.world.cashier.gateway.pay(payment.merchant_oid, total=payment.amount + extra)

    async def tell(self, index: int, times: int = 1) -> None:
        """PayTR reports any attempt as it stands in its own book, perhaps again, perhaps twice at once."""
        if payment := await self._known(index):
            await self.report(payment, times)

    async def report(self, payment: Payment, times: int = 1) -> None:
        """PayTR's callback says how an attempt stands in its book."""
        at, total = self.world.tick(), self.world.cashier.gateway.attempts[payment.merchant_oid].total
        told: dict[str, Any] = DECLINED if total is None else {"total_amount": total}
        if total is not None and total > payment.amount:
            told |= {"payment_amount": payment.amount, "installment_count": INSTALLMENTS}
        await asyncio.gather(*(self.world.cashier.callback(payment, at, **told) for _ in range(times)))

    async def give_back(self, index: int, share: int) -> None:
        """An operator gives a part of any payment back, in hundredths."""
        payment = await self._known(index)
        if payment is None or not payment.collected:
            return
        amount = max(payment.collected * share // 100, 1)
        await self._as_owner(
            lambda session, _: request_refund(
                session, payment.id, amount=amount, reason="goodwill", requested_by_id=None, at=self.world.at
            )
        )

    async def decide(self, index: int, choice: int) -> None:
        """An operator decides any open case in one of the ways that are lawful."""
        is_open = select(OperatorCase).where(
            OperatorCase.company_id == self.customer.company.id, OperatorCase.closed_at.is_(None)
        )
        case = await self._any(is_open, OperatorCase.id, index)

        async def close(session: AsyncSession, _: Viewer) -> None:
            matter = (await case_file(session, case.id)).matter
            action = matter.actions[choice % len(matter.actions)]
            await decide(
                session,
                Operator(self.world.operator.user),
                case.id,
                Decision(action, "As it was agreed", matter.left),
                settings=self.world.cashier.resources.settings,
                at=self.world.at,
            )

        if case is not None:
            await self._as_owner(close)

    async def cancel_meanwhile(self, how: str, index: int) -> None:
        """At one moment the owner cancels, PayTR reports an attempt, and a worker does what is due."""
        await asyncio.gather(self.cancel(how), self.tell(index), self.world.wait(timedelta()))

    async def leave_for_good(self) -> None:
        """The company leaves, and everything that is out is told."""
        await self.cancel("now")
        async with self.world.cashier.resources.session_maker() as session:
            count = await session.scalar(select(func.count()).select_from(self._own(Payment).subquery()))
        for index in range(count or 0):
            await self.tell(index)

    async def _at_paytrs_page(self, opened: tuple[Payment, FrameRequest] | None, ends: str) -> None:
        if opened is None:
            return
        payment, request = opened
        await self.world.cashier.gateway.request_frame(request)
        if ends in {"paid", "lost"}:
            self.world.cashier.gateway.pay(payment.merchant_oid)
        if ends in {"paid", "declined"}:
            await self.report(payment)

    def _frame(self, checkout: Checkout, viewer: Viewer) -> FrameRequest:
        return frame_request(checkout, viewer, self.world.cashier.resources.settings, address=ADDRESS)

    def _own(self, model: Any) -> Any:
        return select(model).where(model.company_id == self.customer.company.id)

    async def _any(self, statement: Any, key: Any, index: int) -> Any:
        """Return one of the rows, the newest at 0."""
        async with self.world.cashier.resources.session_maker() as session:
            rows = list(await session.scalars(statement.order_by(key.desc())))
        return rows[index % len(rows)] if rows else None

    async def _known(self, index: int) -> Payment | None:
        """Return any attempt of this company that PayTR has heard of."""
        heard_of = Payment.merchant_oid.in_(self.world.cashier.gateway.attempts)
        found: Payment | None = await self._any(self._own(Payment).where(heard_of), Payment.id, index)
        return found

    async def _as_owner(self, do: Ask) -> Any:
        """Do what somebody asks for, in one transaction; a refusal is told and changes nothing."""
        self.world.tick()
        try:
            async with unit_of_work(self.world.cashier.resources.session_maker) as session:
                return await do(session, await self.customer.viewer(session))
        except DomainError:
            self.refused += 1
            return None
