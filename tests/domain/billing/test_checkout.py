"""Orders: frozen prices, one open order per price, nothing sold on top of what is paid."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import (
    Interval,
    Order,
    OrderStatus,
    Payment,
    PlanPrice,
    Role,
    Subscription,
    SubscriptionStatus,
)
from app.domain.billing.checkout import FRAME_LIMIT, ChangesPlan, frame_request, place_order
from app.domain.billing.registration import Registration, register
from app.domain.plans.queries import current_offers, current_price
from app.domain.plans.service import new_price
from app.lib.clock import now
from app.lib.errors import InvalidInput, NotAllowed, NotFound
from app.lib.settings import Settings
from app.lib.uow import unit_of_work
from tests.factories import PASSWORD, Customer, add_member, make_customer, pay, start_checkout

Maker = async_sessionmaker[AsyncSession]


@pytest.fixture
async def customer(session_maker: Maker) -> Customer:
    return await make_customer(session_maker)


@pytest.mark.parametrize(
    ("plan", "interval", "gross"),
    [
        ("starter", "month", 87_000),
        ("starter", "year", 870_000),
        ("team", "month", 297_000),
        ("team", "year", 2_970_000),
        ("enterprise", "month", 897_000),
        ("enterprise", "year", 8_970_000),
    ],
)
async def test_what_is_charged_is_what_the_catalogue_shows(
    session_maker: Maker, customer: Customer, plan: str, interval: str, gross: int
) -> None:
    checkout = await start_checkout(session_maker, customer, plan=plan, interval=interval)
    async with session_maker() as session:
        shown = {offer.plan.code: offer for offer in await current_offers(session)}
    order, payment = checkout.order, checkout.payment
    assert order.gross == payment.amount == gross == shown[plan].prices[Interval(interval)].gross
    assert (order.net + order.vat, order.net * 2000) == (order.gross, order.vat * 10_000)
    assert (order.currency, payment.currency, order.vat_basis_points) == ("TRY", "TRY", 2000)


async def test_an_attempt_has_half_an_hour_and_is_asked_about_afterwards(
    session_maker: Maker, customer: Customer
) -> None:
    at = datetime(2027, 3, 1, 10, 0, tzinfo=UTC)
    payment = (await start_checkout(session_maker, customer, at=at)).payment
    assert payment.expires_at == at + timedelta(minutes=30)
    assert payment.next_inquiry_at == at + timedelta(minutes=32)
    assert len(payment.merchant_oid) == 24


async def test_an_open_order_of_the_same_price_is_taken_up_again(
    session_maker: Maker, customer: Customer
) -> None:
    first = await start_checkout(session_maker, customer)
    again = await start_checkout(session_maker, customer)
    other = await start_checkout(session_maker, customer, interval="year")
    assert first.order.id == again.order.id != other.order.id
    assert len({first.payment.merchant_oid, again.payment.merchant_oid, other.payment.merchant_oid}) == 3


async def test_a_new_price_leaves_the_order_that_was_placed_as_it_was(
    session_maker: Maker, customer: Customer
) -> None:
    checkout = await start_checkout(session_maker, customer)
    async with session_maker() as session:  # never committed: the catalogue is everybody's
        old = await current_price(session, "team", Interval.MONTH)
        await session.execute(update(PlanPrice).where(PlanPrice.id == old.id).values(superseded_at=now()))
        session.add(
            new_price(
                plan_code="team",
                interval=Interval.MONTH,
                currency="TRY",
                gross=360_000,
                vat_basis_points=2000,
                version=2,
                at=now(),
            )
        )
        await session.flush()
        viewer = await customer.viewer(session)
        dearer = await place_order(session, viewer, plan_code="team", interval="month", at=now())
        kept = await session.get_one(Order, checkout.order.id)
        assert (kept.gross, dearer.order.gross) == (297_000, 360_000)
        assert dearer.order.id != kept.id
        await session.rollback()


async def test_another_plan_is_not_sold_on_top_of_a_paid_period(
    session_maker: Maker, settings: Settings, customer: Customer
) -> None:
    at = now()
    await pay(session_maker, customer, settings, plan="team", at=at)
    with pytest.raises(ChangesPlan):
        await start_checkout(session_maker, customer, plan="enterprise", at=at)
    with pytest.raises(ChangesPlan):
        await start_checkout(session_maker, customer, plan="team", interval="year", at=at)
    same = await start_checkout(session_maker, customer, plan="team", at=at)
    assert same.order.status is OrderStatus.OPEN
    later = at + timedelta(days=32)
    other = await start_checkout(session_maker, customer, plan="enterprise", at=later)
    assert other.order.plan_code == "enterprise"


@pytest.mark.parametrize("role", [Role.ADMIN, Role.BILLING])
async def test_owners_admins_and_billing_people_may_pay(
    session_maker: Maker, customer: Customer, role: Role
) -> None:
    member = await add_member(session_maker, customer, role)
    assert (await start_checkout(session_maker, member)).order.placed_by_id == member.user.id


async def test_developers_may_not_pay(session_maker: Maker, customer: Customer) -> None:
    member = await add_member(session_maker, customer, Role.DEVELOPER)
    with pytest.raises(NotAllowed):
        await start_checkout(session_maker, member)


async def test_what_is_not_sold_cannot_be_ordered(session_maker: Maker, customer: Customer) -> None:
    with pytest.raises(NotFound):
        await start_checkout(session_maker, customer, plan="gold")
    with pytest.raises(InvalidInput) as refusal:
        await start_checkout(session_maker, customer, interval="week")
    assert refusal.value.field == "interval"
    async with session_maker() as session:
        assert list(await session.scalars(select(Order))) == []
        assert list(await session.scalars(select(Payment))) == []


async def test_a_canceled_company_buys_its_way_back_on_the_same_subscription(
    session_maker: Maker, settings: Settings, customer: Customer
) -> None:
    at = now()
    await pay(session_maker, customer, settings, at=at)
    async with unit_of_work(session_maker) as session:
        subscription = (await session.scalars(select(Subscription))).one()
        subscription.status = SubscriptionStatus.CANCELED
    await pay(session_maker, customer, settings, plan="starter", at=at + timedelta(days=1))
    async with session_maker() as session:
        revived = (await session.scalars(select(Subscription))).one()
    assert (revived.status, revived.plan_code) == (SubscriptionStatus.ACTIVE, "starter")
    assert revived.current_period_start == at + timedelta(days=1)


async def test_paytr_is_asked_for_exactly_the_orders_amount(
    session_maker: Maker, settings: Settings, customer: Customer
) -> None:
    checkout = await start_checkout(session_maker, customer)
    async with session_maker() as session:
        viewer = await customer.viewer(session)
    request = frame_request(checkout, viewer, settings, address="203.0.113.7")
    assert request.amount == sum(line.unit_price * line.quantity for line in request.basket) == 297_000
    assert (request.no_installment, request.user_ip, request.email) == (True, "203.0.113.7", customer.email)
    assert request.timeout_minutes == FRAME_LIMIT.total_seconds() // 60
    for url in (request.ok_url, request.fail_url):
        assert url.startswith(settings.base_url)
        assert checkout.payment.merchant_oid in url


async def test_the_language_of_a_company_is_that_of_its_sign_up(session_maker: Maker) -> None:
    form = Registration("Ada Ltd.", "Ada", "ada@example.com", PASSWORD, "team", accept_terms=True)
    async with unit_of_work(session_maker) as session:
        user, company = await register(
            session, form, language="en", address="203.0.113.7", settings=Settings(), at=now()
        )
    assert (user.language, company.language) == ("en", "en")
