"""Changing the plan in the browser: every amount before the click, and nothing but that after it."""

import re

import pytest
from sqlalchemy import select

from app.db.models import Order, OrderKind, OrderStatus, Payment, PaymentChannel, Subscription
from app.domain.ledger.credits import add_credit, credit_of
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.agreements import submit_agreed
from tests.cards import add_card
from tests.conftest import Browser
from tests.factories import (
    Customer,
    add_workspace,
    callback_form,
    make_customer,
    pay,
    send_callback,
)


@pytest.fixture
async def customer(resources: Resources, client: Browser) -> Customer:
    """Somebody who is logged in and has paid a month of Team."""
    customer = await make_customer(resources.session_maker, language="en")
    await pay(resources.session_maker, customer, resources.settings, plan="team")
    await customer.log_in(client)
    return customer


async def the_change(resources: Resources) -> tuple[Order, Payment]:
    """Return the change that was asked for and its payment."""
    async with resources.session_maker() as session:
        order = (await session.scalars(select(Order).where(Order.kind == OrderKind.CHANGE))).one()
        payment = (await session.scalars(select(Payment).where(Payment.order_id == order.id))).one()
        return order, payment


async def the_subscription(resources: Resources) -> Subscription:
    async with resources.session_maker() as session:
        return (await session.scalars(select(Subscription))).one()


def amounts_in(text: str) -> list[str]:
    return re.findall(r"₺[\d,]+\.\d\d", text)


def promise_in(text: str) -> str:
    found = re.search(r'name="quote" value="([^"]+)"', text)
    assert found is not None
    return found[1]


async def test_what_the_preview_says_is_what_the_stored_card_is_charged(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    await add_card(resources, customer)
    shown = await client.submit("/billing/plan-change/preview", plan="enterprise", interval="month")
    assert shown.status_code == 200
    assert "with the card ending in 4358" in shown.text
    fields = {"plan": "enterprise", "interval": "month", "quote": promise_in(shown.text)}
    answer = await submit_agreed(client, "/billing/plan-change", **fields, means="card")
    order, payment = await the_change(resources)
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"/billing/payments/{payment.merchant_oid}",
    )
    assert payment.channel is PaymentChannel.STORED_CARD
    assert f"₺{payment.amount // 100:,}.{payment.amount % 100:02}" in amounts_in(shown.text)
    again = await submit_agreed(client, "/billing/plan-change", **fields, means="card")
    assert again.headers["location"] == answer.headers["location"], "a double click is one charge"
    await send_callback(client, callback_form(payment.merchant_oid, payment.amount))
    assert (await the_subscription(resources)).plan_code == "enterprise"
    assert order.gross == payment.amount


async def test_another_card_is_typed_on_the_checkout_for_exactly_the_difference(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    shown = await client.submit("/billing/plan-change/preview", plan="team", interval="year")
    fields = {"plan": "team", "interval": "year", "quote": promise_in(shown.text)}
    answer = await submit_agreed(client, "/billing/plan-change", **fields, means="other")
    order, payment = await the_change(resources)
    assert 'id="paytriframe"' in answer.text
    assert (payment.channel, payment.amount) == (PaymentChannel.FRAME, order.gross - order.credit)
    assert order.credit == order.unused > 0
    assert f'name="order" value="{order.id}"' in answer.text
    kept = await submit_agreed(
        client, "/billing/checkout/card", plan="team", interval="year", order=str(order.id), consent="yes"
    )
    assert kept.status_code == 200
    assert "card-entry" in kept.text
    async with resources.session_maker() as session:
        attempts = list(await session.scalars(select(Payment).where(Payment.order_id == order.id)))
    assert [attempt.amount for attempt in attempts] == [payment.amount] * 2
    for number in ("no-id", str(customer.company.id)):
        fields = {"plan": "team", "interval": "year", "order": number, "consent": "yes"}
        assert (await submit_agreed(client, "/billing/checkout/card", **fields)).status_code == 404


async def test_an_amount_that_was_not_promised_is_shown_once_more(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    shown = await client.submit("/billing/plan-change/preview", plan="enterprise", interval="month")
    promise = promise_in(shown.text)
    for quote in ("", "x", promise[:-1] + ("0" if promise[-1] != "0" else "1")):
        answer = await submit_agreed(
            client, "/billing/plan-change", plan="enterprise", interval="month", quote=quote
        )
        assert (answer.status_code, "The amount has changed" in answer.text) == (422, True)
    answer = await submit_agreed(
        client, "/billing/plan-change", plan="starter", interval="month", quote=promise
    )
    assert answer.status_code == 422
    async with resources.session_maker() as session:
        assert len(list(await session.scalars(select(Order)))) == 1


async def test_a_smaller_plan_waits_for_the_period_and_is_undone_with_one_click(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    for index in range(6):
        await add_workspace(resources.session_maker, customer, f"ws-{index}")
    shown = await client.submit("/billing/plan-change/preview", plan="starter", interval="month")
    assert "You have 6 workspaces and this plan holds 5." in shown.text
    fields = {"plan": "starter", "interval": "month", "quote": promise_in(shown.text)}
    assert (await submit_agreed(client, "/billing/plan-change", **fields)).headers["location"] == "/billing"
    billing = await client.get("/billing")
    assert "Starter, monthly. Until then nothing changes." in billing.text
    assert (await the_subscription(resources)).plan_code == "team"
    assert (await client.submit("/billing/plan-change/undo")).status_code == 303
    assert (await the_subscription(resources)).pending_price_id is None
    assert "Until then nothing changes." not in (await client.get("/billing")).text


async def test_credit_that_covers_a_plan_buys_it_without_a_card(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    async with unit_of_work(resources.session_maker) as session:
        await add_credit(session, customer.company.id, "TRY", 900_000)
    assert "Your credit: ₺9,000.00." in (await client.get("/billing")).text
    for path in ("/billing/checkout", "/billing/checkout/card"):
        answer = await submit_agreed(client, path, plan="team", interval="month", consent="yes")
        assert answer.headers["location"] == "/billing"
    shown = await client.submit("/billing/plan-change/preview", plan="enterprise", interval="month")
    async with resources.session_maker() as session:
        orders = list(await session.scalars(select(Order)))
        assert {order.status for order in orders} == {OrderStatus.PAID}
        assert await credit_of(session, customer.company.id, "TRY") == 900_000 - 2 * 297_000
    assert "₺3,060.00" in amounts_in(shown.text)


async def test_a_declined_change_leads_back_to_a_fresh_amount(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    shown = await client.submit("/billing/plan-change/preview", plan="enterprise", interval="month")
    fields = {"plan": "enterprise", "interval": "month", "quote": promise_in(shown.text)}
    await submit_agreed(client, "/billing/plan-change", **fields, means="other")
    _, payment = await the_change(resources)
    form = callback_form(payment.merchant_oid, 0, status="failed", failed_reason_code="0")
    await send_callback(client, form)
    page = await client.get(f"/billing/payments/{payment.merchant_oid}")
    assert 'action="/billing/plan-change/preview"' in page.text
    assert (await the_subscription(resources)).plan_code == "team"


async def test_an_old_order_takes_no_further_card(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    shown = await client.submit("/billing/plan-change/preview", plan="enterprise", interval="month")
    fields = {"plan": "enterprise", "interval": "month", "quote": promise_in(shown.text)}
    await submit_agreed(client, "/billing/plan-change", **fields, means="other")
    order, _ = await the_change(resources)
    async with unit_of_work(resources.session_maker) as session:
        (await session.get_one(Order, order.id)).status = OrderStatus.CANCELED
    answer = await submit_agreed(
        client,
        "/billing/checkout/card",
        plan="enterprise",
        interval="month",
        order=str(order.id),
        consent="yes",
    )
    assert answer.status_code == 409


@pytest.mark.parametrize("fields", [{"plan": "gold"}, {"interval": "week"}, {"plan": "team"}])
async def test_what_is_no_choice_is_refused_with_a_sentence(
    client: Browser, customer: Customer, fields: dict[str, str]
) -> None:
    wish = {"plan": "enterprise", "interval": "month", **fields}
    answer = await client.submit("/billing/plan-change/preview", **wish)
    assert answer.status_code in {404, 409, 422}
    assert "Something went wrong" not in answer.text
