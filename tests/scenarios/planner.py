"""A company that changes its plan: with a card at PayTR, and time passed in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from app.db.models import CompanyCredit, Journal, Order, Posting, Subscription
from app.domain.billing.changes.promises import sealed
from app.domain.billing.changes.quotes import Quote
from app.domain.billing.changes.service import Confirmed, Preview, Wish, confirm, preview
from app.domain.billing.charging.service import send_charge
from app.domain.ledger.proof import find_breaks
from app.domain.subscriptions.queries import newest_subscription
from app.lib.uow import unit_of_work
from tests.factories import Customer, make_customer
from tests.scenarios.cashier import Cashier, stored_card


@dataclass(frozen=True)
class Planner:
    """A customer with a paid plan."""

    cashier: Cashier
    customer: Customer

    async def preview(self, plan: str, interval: str, at: datetime) -> Preview:
        """See what a change costs."""
        async with unit_of_work(self.cashier.resources.session_maker) as session:
            viewer = await self.customer.viewer(session)
            return await preview(session, viewer, Wish(plan=plan, interval=interval), at=at)

    async def confirm(self, seen: Preview, at: datetime, *, by_card: bool = True) -> Confirmed:
        """Confirm what was shown."""
        settings = self.cashier.resources.settings
        wish = Wish(plan=seen.quote.price.plan_code, interval=seen.quote.price.interval, by_card=by_card)
        promise = sealed(seen.promise, settings, at=seen.quote.at if seen.quote.is_now else at)
        async with unit_of_work(self.cashier.resources.session_maker) as session:
            viewer = await self.customer.viewer(session)
            return await confirm(session, viewer, wish, promise, settings=settings, at=at)

    async def change(self, plan: str, interval: str, at: datetime) -> Quote:
        """Change the plan and pay for it; what is charged is what was shown."""
        seen = await self.preview(plan, interval, at)
        done = await self.confirm(seen, at)
        if done.payment is not None:
            assert done.payment.amount == seen.quote.due
            resources = self.cashier.resources
            await send_charge(
                resources.session_maker, resources.gateway, resources.settings, done.payment.id, at=at
            )
            await self.cashier.callback(done.payment, at)
        return seen.quote

    async def subscription(self) -> Subscription:
        """Return where the company stands."""
        async with self.cashier.resources.session_maker() as session:
            found = await newest_subscription(session, self.customer.company.id)
            assert found is not None
            return found

    async def credit(self) -> int:
        """Return the company's credit, which is also what the books say."""
        async with self.cashier.resources.session_maker() as session:
            balance = await session.scalar(select(CompanyCredit.balance)) or 0
            booked = select(func.sum(Posting.amount)).where(Posting.account == "company_credit")
            assert -(await session.scalar(booked) or 0) == balance
            return balance

    async def books(self) -> dict[str, int]:
        """Return the balance of each account that is not zero; every rule of the book holds."""
        async with self.cashier.resources.session_maker() as session:
            latest = (await session.execute(select(func.max(Journal.at)))).scalar_one()
            found = (await find_breaks(session, at=latest)).found
            assert found == [], found
            sums = select(Posting.account, func.sum(Posting.amount)).group_by(Posting.account)
            return {account.value: int(total) for account, total in await session.execute(sums) if total}

    async def orders(self) -> list[tuple[str, str, int]]:
        """Return kind, state and gross of every order, oldest first."""
        orders: list[Order] = await self.cashier.all(Order)
        return [(order.kind.value, order.status.value, order.gross) for order in orders]


async def make_planner(
    cashier: Cashier, at: datetime, *, plan: str = "starter", with_card: bool = True, **card: Any
) -> Planner:
    """Sign up, buy a month at `at`, and store a card."""
    customer = await make_customer(cashier.resources.session_maker, plan=plan, at=at)
    await cashier.buy(customer, at, plan=plan)
    if with_card:
        tokens = cashier.gateway.keep_card()
        async with unit_of_work(cashier.resources.session_maker) as session:
            key = cashier.resources.settings.keys
            session.add(stored_card(customer, tokens, key, at, is_default=True, **card))
    return Planner(cashier, customer)
