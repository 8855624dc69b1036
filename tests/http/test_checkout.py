"""Paying in the browser: the order is there before PayTR hears of it, and coming back changes nothing."""

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import Invoice, Order, OrderStatus, Payment
from app.domain.payments.gateway import GatewayUnreachable
from app.domain.payments.paytr.fake import InMemoryGateway
from app.domain.payments.values import FrameRequest, FrameToken
from app.tasks.context import Resources
from tests.agreements import submit_agreed
from tests.conftest import Browser
from tests.factories import Customer, callback_form, make_customer, pay, send_callback
from tests.worker import drain

Maker = async_sessionmaker[AsyncSession]


@pytest.fixture
async def customer(session_maker: Maker, client: Browser) -> Customer:
    """Somebody who is logged in."""
    customer = await make_customer(session_maker, language="en")
    await customer.log_in(client)
    return customer


async def the_payment(session_maker: Maker) -> Payment:
    async with session_maker() as session:
        return (await session.scalars(select(Payment))).one()


async def test_the_frame_shows_once_the_order_is_committed(
    client: Browser, resources: Resources, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    gateway = resources.gateway
    ask = gateway.request_frame

    async def watch(request: FrameRequest) -> FrameToken:
        seen.append((await the_payment(resources.session_maker)).merchant_oid)
        return await ask(request)

    monkeypatch.setattr(gateway, "request_frame", watch)
    answer = await submit_agreed(client, "/billing/checkout", plan="team", interval="month")
    payment = await the_payment(resources.session_maker)
    assert answer.status_code == 200
    assert seen == [payment.merchant_oid]
    assert isinstance(gateway, InMemoryGateway)
    assert f"gateway.invalid/odeme/guvenli/00000001{payment.merchant_oid}" in answer.text
    assert gateway.attempts[payment.merchant_oid].request.user_ip == "203.0.113.7"


async def test_when_paytr_does_not_answer_the_order_stays_and_another_try_takes_it_up(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    assert isinstance(resources.gateway, InMemoryGateway)
    resources.gateway.unreachable = True
    answer = await submit_agreed(client, "/billing/checkout", plan="team", interval="month")
    assert answer.status_code == 503
    assert str(GatewayUnreachable("the line is cut")) not in answer.text
    resources.gateway.unreachable = False
    assert (
        await submit_agreed(client, "/billing/checkout", plan="team", interval="month")
    ).status_code == 200
    async with resources.session_maker() as session:
        order = (await session.scalars(select(Order))).one()
        payments = list(await session.scalars(select(Payment)))
    assert (order.status, len(payments)) == (OrderStatus.OPEN, 2)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"plan": "gold", "interval": "month"}, 404),
        ({"plan": "", "interval": "month"}, 404),
        ({"plan": "team", "interval": "week"}, 422),
        ({}, 404),
    ],
)
async def test_what_is_not_sold_is_refused_and_leaves_no_order(
    client: Browser, session_maker: Maker, customer: Customer, fields: dict[str, str], status: int
) -> None:
    assert (await submit_agreed(client, "/billing/checkout", **fields)).status_code == status
    async with session_maker() as session:
        assert list(await session.scalars(select(Order))) == []


async def test_another_plan_during_a_paid_period_leads_to_what_the_change_costs(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    await pay(resources.session_maker, customer, resources.settings, plan="team")
    for path in ("/billing/checkout", "/billing/checkout/card"):
        answer = await submit_agreed(client, path, plan="enterprise", interval="month", consent="yes")
        assert answer.status_code == 200
        assert 'action="/billing/plan-change"' in answer.text
    async with resources.session_maker() as session:
        assert len(list(await session.scalars(select(Order)))) == 1


@pytest.mark.parametrize("result", ["ok", "fail"])
async def test_coming_back_changes_nothing_and_the_page_follows_the_callback(
    client: Browser, resources: Resources, customer: Customer, result: str
) -> None:
    await submit_agreed(client, "/billing/checkout", plan="team", interval="month")
    payment = await the_payment(resources.session_maker)
    back = await client.get(f"/billing/return/{result}", params={"oid": payment.merchant_oid})
    assert back.status_code == 200
    assert (await the_payment(resources.session_maker)).is_undecided
    await send_callback(client, callback_form(payment.merchant_oid, payment.amount))
    polled = await client.get(f"/billing/payments/{payment.merchant_oid}", headers={"hx-request": "true"})
    async with resources.session_maker() as session:
        invoice = (await session.scalars(select(Invoice))).one()
    assert polled.status_code == 200
    assert "<html" not in polled.text
    assert polled.text != back.text
    billing = await client.get("/billing")
    assert invoice.number in billing.text


async def test_an_invoice_can_be_had_once_it_is_rendered(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    await pay(resources.session_maker, customer, resources.settings)
    async with resources.session_maker() as session:
        invoice = (await session.scalars(select(Invoice))).one()
    early = await client.get(f"/invoices/{invoice.number}.pdf")
    assert early.status_code == 503
    assert "This invoice is being prepared." in early.text
    await drain(resources)
    answer = await client.get(f"/invoices/{invoice.number}.pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["content-disposition"] == f'inline; filename="{invoice.number}.pdf"'
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.content.startswith(b"%PDF")


async def test_the_way_back_without_a_session_leads_out_of_the_frame(client: Browser) -> None:
    answer = await client.get("/billing/return/ok", params={"oid": "TZG1"})
    assert answer.status_code == 200
    assert "data-leave-frame" in answer.text
    assert 'href="/billing/payments/TZG1"' in answer.text
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'self' http://127.0.0.1:9" in policy
    assert "frame-ancestors 'none'" in (await client.get("/login")).headers["content-security-policy"]
