"""Company credit: it pays a whole order without a card, once, and the books agree with the balance."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.db.models import (
    Account,
    Invoice,
    Order,
    OrderStatus,
    Posting,
    Subscription,
    SubscriptionStatus,
)
from app.domain.billing.checkout import CreditCovers
from app.domain.billing.settlement.free import settle_with_credit
from app.domain.billing.settlement.service import Outcome
from app.domain.ledger.credits import add_credit, credit_of
from app.lib.clock import now
from app.lib.errors import DomainError
from app.lib.uow import unit_of_work
from tests.factories import Customer, make_customer
from tests.scenarios.shop import Shop

PRICE = 297_000


async def order_with_credit(shop: Shop, customer: Customer, *, balance: int, credit: int) -> Order:
    """Give a company credit, and let an open order count on some of it."""
    checkout = await shop.open_frame(customer, now())
    async with unit_of_work(shop.resources.session_maker) as session:
        await add_credit(session, customer.company.id, "TRY", balance)
        order = await session.get_one(Order, checkout.order.id)
        order.credit = credit
    return order


async def settle_order(shop: Shop, order: Order) -> bool:
    async with unit_of_work(shop.resources.session_maker) as session:
        return await settle_with_credit(session, order.id, settings=shop.resources.settings, at=now())


async def test_credit_pays_a_whole_order_once_and_leaves_the_rest(shop: Shop) -> None:
    customer = await make_customer(shop.resources.session_maker, at=now() - timedelta(days=2))
    order = await order_with_credit(shop, customer, balance=PRICE + 500, credit=PRICE)
    done = await asyncio.gather(*(settle_order(shop, order) for _ in range(3)))
    assert sorted(done) == [False, False, True]
    async with shop.resources.session_maker() as session:
        assert await credit_of(session, customer.company.id, "TRY") == 500
        sums = select(Posting.account, func.sum(Posting.amount)).group_by(Posting.account)
        balances: dict[str, int] = {account: int(total) for account, total in await session.execute(sums)}
    assert balances == {
        Account.RECEIVABLE: 0,
        Account.REVENUE: -247_500,
        Account.VAT_PAYABLE: -49_500,
        Account.COMPANY_CREDIT: PRICE,
    }
    invoice = await shop.the(Invoice)
    assert (invoice.total, invoice.payment_id, invoice.payment_reference) == (PRICE, None, None)
    assert (await shop.the(Order)).status is OrderStatus.PAID
    assert (await shop.the(Subscription)).status is SubscriptionStatus.ACTIVE


@pytest.mark.parametrize(("balance", "credit"), [(PRICE, PRICE - 1), (PRICE - 1, PRICE)])
async def test_what_credit_does_not_cover_is_not_given_away(shop: Shop, balance: int, credit: int) -> None:
    customer = await make_customer(shop.resources.session_maker)
    order = await order_with_credit(shop, customer, balance=balance, credit=credit)
    with pytest.raises(DomainError):
        await settle_order(shop, order)
    assert (await shop.the(Subscription)).status is SubscriptionStatus.TRIALING
    async with shop.resources.session_maker() as session:
        assert await credit_of(session, customer.company.id, "TRY") == balance
    assert await shop.all(Invoice) == []


async def test_a_purchase_uses_credit_first_and_no_card_when_it_covers_all(shop: Shop) -> None:
    customer = await make_customer(shop.resources.session_maker)
    async with unit_of_work(shop.resources.session_maker) as session:
        await add_credit(session, customer.company.id, "TRY", 100_000)
    checkout = await shop.buy(customer, now())
    assert (checkout.order.credit, checkout.payment.amount) == (100_000, PRICE - 100_000)
    async with unit_of_work(shop.resources.session_maker) as session:
        assert await credit_of(session, customer.company.id, "TRY") == 0
        await add_credit(session, customer.company.id, "TRY", PRICE)
    with pytest.raises(CreditCovers):
        await shop.open_frame(customer, now())


async def test_two_orders_that_count_on_the_same_credit_are_not_both_paid_with_it(shop: Shop) -> None:
    customer = await make_customer(shop.resources.session_maker)
    async with unit_of_work(shop.resources.session_maker) as session:
        await add_credit(session, customer.company.id, "TRY", 1_000)
    team = await shop.open_frame(customer, now())
    starter = await shop.open_frame(customer, now(), plan="starter")
    assert team.order.credit == starter.order.credit == 1_000
    assert await shop.report(starter, now()) is Outcome.APPLIED
    assert await shop.report(team, now()) is Outcome.HELD
