"""A customer with a paid month and, if wished, a card at PayTR; and the months after it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.db.models import EmailMessage, Order, Payment, PaymentStatus, StoredCard, Subscription
from app.domain.billing.charging.service import send_charge
from app.domain.billing.settlement.service import Outcome
from app.domain.ops.runs import Tally
from app.lib.clock import now
from app.lib.uow import unit_of_work
from app.tasks.billing import SWEEPS
from tests.factories import Customer, make_customer
from tests.scenarios.cashier import Cashier, stored_card

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
DECLINED = {"status": "failed", "total_amount": 0, "failed_reason_code": "0"}
"""What a callback says of a card without money."""


@dataclass
class Tenant:
    """One paying company on its way through time."""

    cashier: Cashier
    customer: Customer
    end: datetime
    """When the month that is paid for ends: day 0."""

    async def add_card(self, at: datetime, **facts: Any) -> StoredCard:
        """Keep a card at PayTR and in our table; the first one is the default."""
        tokens = self.cashier.gateway.keep_card()
        keys = self.cashier.resources.settings.keys
        card = stored_card(self.customer, tokens, keys, at, **facts)
        async with unit_of_work(self.cashier.resources.session_maker) as session:
            session.add(card)
        return card

    async def subscription(self) -> Subscription:
        """Return the subscription as it stands."""
        subscription: Subscription = await self.cashier.the(Subscription)
        return subscription

    async def renewals(self) -> list[Order]:
        """Return the orders after the first, oldest first."""
        return [order for order in await self.cashier.all(Order) if order.kind == "renewal"]

    async def renewal(self) -> Order:
        """Return the only renewal."""
        (order,) = await self.renewals()
        return order

    async def attempts(self, order: Order) -> list[Payment]:
        """Return the attempts to pay an order, oldest first."""
        return [payment for payment in await self.cashier.all(Payment) if payment.order_id == order.id]

    async def send(self, at: datetime) -> Payment:
        """Let the charge that was written down last leave; return it with what PayTR answered."""
        resources = self.cashier.resources
        payment = (await self.attempts(await self.renewal()))[-1]
        self.cashier.gateway.clock = lambda: at
        await send_charge(
            resources.session_maker, self.cashier.gateway, resources.settings, payment.id, at=at
        )
        return (await self.attempts(await self.renewal()))[-1]

    async def decline(self, at: datetime, **differing: Any) -> None:
        """Let the charge that is out be declined by PayTR's callback."""
        payment = await self.send(at)
        assert payment.status is PaymentStatus.WAITING
        assert await self.cashier.callback(payment, at, **{**DECLINED, **differing}) is Outcome.DECLINED

    async def pass_time(self, at: datetime) -> Tally:
        """Let the subscription manager run once, as the whole pass of scheduled work does."""
        return await SWEEPS["subscription_manager"](self.cashier.resources, at)

    async def live_until(self, until: datetime, *, decline: bool = True) -> None:
        """Run the scheduled work whenever something is due; every charge is declined, unless left alone."""
        for _ in range(40):
            due = (await self.subscription()).next_attempt_at
            if due is None or due > until:
                return
            await self.pass_time(due)
            if decline and any(payment.is_undecided for payment in await self.attempts(await self.renewal())):
                await self.decline(due + MINUTE)
        raise AssertionError("dunning has no end")

    async def letters(self) -> list[str]:
        """Return what was written about money, oldest first."""
        mails: list[EmailMessage] = await self.cashier.all(EmailMessage)
        return [mail.template for mail in mails if mail.template not in {"welcome", "payment_receipt"}]


async def open_tenant(cashier: Cashier, *, card: bool = True, start: datetime | None = None) -> Tenant:
    """Sell a month of Team, and keep a card."""
    start = start or now()
    customer = await make_customer(cashier.resources.session_maker, at=start)
    await cashier.buy(customer, start)
    subscription = await cashier.the(Subscription)
    tenant = Tenant(cashier, customer, subscription.current_period_end)
    if card:
        await tenant.add_card(start, is_default=True)
    return tenant
