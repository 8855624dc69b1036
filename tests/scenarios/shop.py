"""The product's days, with time passed in: what a buyer, PayTR and the scheduled work do."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.domain.billing.checkout import Checkout, frame_request, place_order
from app.domain.billing.settlement.service import Arrival, Outcome, settle
from app.domain.notifications.mailer import MemoryMailer
from app.domain.payments.paytr.fake import InMemoryGateway
from app.domain.payments.paytr.messages import PaytrCallback
from app.lib.uow import unit_of_work
from app.server.commands import billing_pass
from app.tasks.context import Resources
from tests.factories import Customer


@dataclass(frozen=True)
class Shop:
    """One process's resources, used as requests, callbacks and the worker use them."""

    resources: Resources

    @property
    def gateway(self) -> InMemoryGateway:
        assert isinstance(self.resources.gateway, InMemoryGateway)
        return self.resources.gateway

    @property
    def mailer(self) -> MemoryMailer:
        assert isinstance(self.resources.mailer, MemoryMailer)
        return self.resources.mailer

    async def open_frame(self, customer: Customer, at: datetime, *, plan: str = "team") -> Checkout:
        """Order a plan; PayTR shows its frame."""
        async with unit_of_work(self.resources.session_maker) as session:
            viewer = await customer.viewer(session)
            checkout = await place_order(session, viewer, plan_code=plan, interval="month", at=at)
        request = frame_request(checkout, viewer, self.resources.settings, address="203.0.113.7")
        await self.gateway.request_frame(request)
        return checkout

    async def report(self, checkout: Checkout, at: datetime, **differing: Any) -> Outcome:
        """PayTR's callback: a success of the whole amount unless told otherwise."""
        facts: dict[str, Any] = {"status": "success", "total_amount": checkout.payment.amount} | differing
        message = PaytrCallback(merchant_oid=checkout.payment.merchant_oid, **facts)
        async with unit_of_work(self.resources.session_maker) as session:
            return await settle(session, Arrival(message, {}), settings=self.resources.settings, at=at)

    async def buy(self, customer: Customer, at: datetime, *, plan: str = "team") -> Checkout:
        """Order, pay and be reported."""
        checkout = await self.open_frame(customer, at, plan=plan)
        self.gateway.clock = lambda: at
        self.gateway.pay(checkout.payment.merchant_oid)
        assert await self.report(checkout, at) is Outcome.APPLIED
        return checkout

    async def work(self, at: datetime) -> dict[str, dict[str, Any]]:
        """Make one pass of the scheduled work, on PayTR's clock as well as on ours."""
        self.gateway.clock = lambda: at
        return {line["sweep"]: line for line in await billing_pass(self.resources, at)}

    async def all(self, model: type[Any]) -> list[Any]:
        """Return a table's rows, oldest first."""
        async with self.resources.session_maker() as session:
            return list(await session.scalars(select(model).order_by(model.id)))

    async def the(self, model: type[Any]) -> Any:
        """Return the only row of a table."""
        (row,) = await self.all(model)
        return row
