"""Ending a subscription in the browser: two clicks, and the letter in the same minute."""

import re

import pytest
from sqlalchemy import select

from app.db.models import EmailMessage, Invoice, InvoiceKind, Refund, Subscription, SubscriptionStatus
from app.domain.ledger.credits import add_credit, credit_of
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.agreements import submit_agreed
from tests.conftest import Browser
from tests.factories import Customer, make_customer, pay

PAGE = "/billing/subscription/cancellation"


@pytest.fixture
async def customer(resources: Resources, client: Browser) -> Customer:
    """Somebody who is logged in and has paid a month of Team."""
    customer = await make_customer(resources.session_maker, language="en")
    await pay(resources.session_maker, customer, resources.settings, plan="team")
    await customer.log_in(client)
    return customer


async def the_subscription(resources: Resources) -> Subscription:
    async with resources.session_maker() as session:
        return (await session.scalars(select(Subscription))).one()


async def letters(resources: Resources) -> list[str]:
    async with resources.session_maker() as session:
        mails = await session.scalars(select(EmailMessage).order_by(EmailMessage.id))
        return [mail.template for mail in mails if mail.template.startswith(("cancel", "subscription"))]


async def test_two_clicks_end_it_with_the_period_and_one_resumes_it(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    assert f'href="{PAGE}"' in (await client.get("/billing")).text
    assert 'value="period_end"' in (await client.get(PAGE)).text
    assert (await client.submit(PAGE, when="period_end")).status_code == 303
    assert (await the_subscription(resources)).cancel_at_period_end
    assert 'action="/billing/subscription/resumption"' in (await client.get(PAGE)).text
    assert (await client.request_form("DELETE", PAGE, {})).status_code == 303
    assert not (await the_subscription(resources)).cancel_at_period_end
    assert await letters(resources) == ["cancellation_noted", "cancellation_undone"]


async def test_ending_at_once_gives_back_what_the_page_said(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    shown = await client.get(PAGE)
    seen = re.search(r'name="seen" value="([^"]+)"', shown.text)
    assert seen is not None
    assert (await client.submit(PAGE, when="now", seen="")).status_code == 422
    assert (await client.submit(PAGE, when="now", seen=seen[1])).headers["location"] == PAGE
    async with resources.session_maker() as session:
        refund = (await session.scalars(select(Refund))).one()
    assert f"End now and get ₺{refund.amount // 100:,}.{refund.amount % 100:02} back" in shown.text
    assert (await the_subscription(resources)).status is SubscriptionStatus.CANCELED
    assert "Your subscription has ended" in (await client.get(PAGE)).text
    assert await letters(resources) == ["subscription_ended_now"]
    assert 'action="/billing/checkout"' in (await client.get("/billing")).text


async def test_a_trial_ends_at_once_with_nothing_to_give_back(client: Browser, resources: Resources) -> None:
    customer = await make_customer(resources.session_maker, language="en")
    await customer.log_in(client)
    shown = await client.get(PAGE)
    assert 'value="period_end"' not in shown.text
    assert (await client.submit(PAGE, when="now")).status_code == 303
    assert (await the_subscription(resources)).status is SubscriptionStatus.CANCELED


async def test_what_credit_paid_is_credit_again_when_it_ends_at_once(
    client: Browser, resources: Resources
) -> None:
    customer = await make_customer(resources.session_maker, language="en")
    await customer.log_in(client)
    async with unit_of_work(resources.session_maker) as session:
        await add_credit(session, customer.company.id, "TRY", 297_000)
    await submit_agreed(client, "/billing/checkout", plan="team", interval="month")
    shown = await client.get(PAGE)
    seen = re.search(r'name="seen" value="([^"]+)"', shown.text)
    assert seen is not None
    assert (await client.submit(PAGE, when="now", seen=seen[1])).status_code == 303
    async with resources.session_maker() as session:
        note = (await session.scalars(select(Invoice).where(Invoice.kind == InvoiceKind.CREDIT_NOTE))).one()
        assert await credit_of(session, customer.company.id, "TRY") == note.total > 0
