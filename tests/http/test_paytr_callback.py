"""PayTR's callback: once, whole, and exactly `OK`."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from litestar import Litestar
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import (
    AuditEntry,
    CaseKind,
    EmailMessage,
    Invoice,
    OperatorCase,
    Order,
    OrderStatus,
    Payment,
    PaymentEvent,
    PaymentStatus,
    Subscription,
    SubscriptionStatus,
)
from app.domain.billing.settlement import service as settlement
from app.lib.clock import now
from app.lib.uow import unit_of_work
from tests.conftest import Browser, browser
from tests.factories import callback_form, make_customer, send_callback, start_checkout

Maker = async_sessionmaker[AsyncSession]
TEAM = 297_000


async def count(session_maker: Maker, model: type[Any]) -> int:
    async with session_maker() as session:
        return await session.scalar(select(func.count()).select_from(model)) or 0


async def the(session_maker: Maker, model: type[Any]) -> Any:
    async with session_maker() as session:
        return (await session.scalars(select(model))).one()


async def test_a_success_activates_the_plan_and_issues_the_invoice_at_once(
    client: Browser, session_maker: Maker
) -> None:
    customer = await make_customer(session_maker)
    checkout = await start_checkout(session_maker, customer, plan="enterprise")
    before = now()
    answer = await send_callback(client, callback_form(checkout.payment.merchant_oid, 897_000, currency="TL"))
    assert (answer.status_code, answer.content) == (200, b"OK")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "set-cookie" not in answer.headers
    payment, order = await the(session_maker, Payment), await the(session_maker, Order)
    subscription, invoice = await the(session_maker, Subscription), await the(session_maker, Invoice)
    assert (payment.status, payment.collected, payment.is_surplus) == (
        PaymentStatus.SUCCEEDED,
        897_000,
        False,
    )
    assert order.status is OrderStatus.PAID
    assert (subscription.status, subscription.plan_code) == (SubscriptionStatus.ACTIVE, "enterprise")
    assert before <= subscription.current_period_start < subscription.current_period_end
    assert (invoice.net, invoice.vat, invoice.total) == (747_500, 149_500, 897_000)
    assert invoice.number == f"TZG{invoice.issue_date.year}000000001"
    assert invoice.buyer["name"] == "Işık Yazılım"
    event = await the(session_maker, PaymentEvent)
    assert event.payload["total_amount"] == "897000"
    assert "hash" not in event.payload
    async with session_maker() as session:
        actions = set(await session.scalars(select(AuditEntry.action)))
    assert {"company.registered", "payment.started", "subscription.activated"} <= actions


async def test_the_same_callback_ten_times_at_once_is_one_period_one_invoice_ten_ok(
    application: Litestar, session_maker: Maker
) -> None:
    customer = await make_customer(session_maker)
    checkout = await start_checkout(session_maker, customer)
    form = callback_form(checkout.payment.merchant_oid, TEAM)

    async def once() -> bytes:
        async with browser(application) as paytr:
            return (await send_callback(paytr, form)).content

    assert await asyncio.gather(*(once() for _ in range(10))) == [b"OK"] * 10
    assert await count(session_maker, Invoice) == 1
    assert await count(session_maker, PaymentEvent) == 1
    subscription = await the(session_maker, Subscription)
    span = subscription.current_period_end - subscription.current_period_start
    assert timedelta(days=28) <= span <= timedelta(days=31)


async def test_second_callback_changes_nothing(client: Browser, session_maker: Maker) -> None:
    customer = await make_customer(session_maker)
    checkout = await start_checkout(session_maker, customer)
    form = callback_form(checkout.payment.merchant_oid, TEAM)
    await send_callback(client, form)
    first = await the(session_maker, Subscription)
    assert (await send_callback(client, form)).content == b"OK"
    again = await the(session_maker, Subscription)
    assert (again.current_period_end, again.anchor_at) == (first.current_period_end, first.anchor_at)
    assert await count(session_maker, Invoice) == 1


@pytest.mark.parametrize("total", [TEAM - 1, TEAM + 1])
async def test_an_amount_off_by_one_kurus_activates_nothing_and_opens_a_case(
    client: Browser, session_maker: Maker, total: int
) -> None:
    customer = await make_customer(session_maker)
    checkout = await start_checkout(session_maker, customer)
    answer = await send_callback(client, callback_form(checkout.payment.merchant_oid, total))
    assert answer.content == b"OK"
    payment, case = await the(session_maker, Payment), await the(session_maker, OperatorCase)
    assert (payment.status, payment.collected, payment.is_surplus) == (PaymentStatus.SUCCEEDED, total, True)
    assert (case.kind, case.subject) == (CaseKind.AMOUNT_DIFFERS, checkout.payment.merchant_oid)
    assert (await the(session_maker, Subscription)).status is SubscriptionStatus.TRIALING
    assert (await the(session_maker, Order)).status is OrderStatus.OPEN
    assert await count(session_maker, Invoice) == 0


async def test_another_currency_is_held(client: Browser, session_maker: Maker) -> None:
    customer = await make_customer(session_maker)
    checkout = await start_checkout(session_maker, customer)
    form = callback_form(checkout.payment.merchant_oid, TEAM, currency="USD")
    assert (await send_callback(client, form)).content == b"OK"
    assert (await the(session_maker, OperatorCase)).kind is CaseKind.CURRENCY_DIFFERS
    assert await count(session_maker, Invoice) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"hash": "AAAA"},
        {"hash": ""},
        {"hash": "ığüş"},
        {"total_amount": "1"},
        {"status": "failed"},
        {"merchant_oid": "TZGOTHER"},
    ],
)
async def test_a_forged_callback_is_refused_and_leaves_no_row(
    client: Browser, session_maker: Maker, change: dict[str, str]
) -> None:
    customer = await make_customer(session_maker)
    checkout = await start_checkout(session_maker, customer)
    form = callback_form(checkout.payment.merchant_oid, TEAM) | change
    answer = await send_callback(client, form)
    assert answer.status_code == 400
    assert answer.content != b"OK"
    assert await count(session_maker, PaymentEvent) == 0
    assert (await the(session_maker, Payment)).status is PaymentStatus.CREATED


async def test_an_empty_or_foreign_post_is_refused(client: Browser) -> None:
    assert (await client.post("/webhooks/paytr")).status_code == 400
    assert (await client.post("/webhooks/paytr", json={"status": "success"})).status_code == 400
    assert (await client.get("/webhooks/paytr")).status_code == 405


async def test_an_unknown_order_is_kept_for_a_person(client: Browser, session_maker: Maker) -> None:
    form = callback_form("TZGNOBODY", TEAM)
    assert (await send_callback(client, form)).content == b"OK"
    assert (await send_callback(client, form)).content == b"OK"
    assert (await the(session_maker, OperatorCase)).kind is CaseKind.UNKNOWN_ORDER


async def test_a_success_after_a_decline_in_the_same_frame_wins(
    client: Browser, session_maker: Maker
) -> None:
    customer = await make_customer(session_maker)
    checkout = await start_checkout(session_maker, customer)
    oid = checkout.payment.merchant_oid
    declined = callback_form(oid, 0, status="failed", failed_reason_code="0", failed_reason_msg="Limit")
    assert (await send_callback(client, declined)).content == b"OK"
    failed = await the(session_maker, Payment)
    assert (failed.status, failed.failure_code) == (PaymentStatus.FAILED, "0")
    async with session_maker() as session:
        mail = (
            await session.scalars(select(EmailMessage).where(EmailMessage.template == "payment_failed"))
        ).one()
    assert mail.recipient == customer.email
    assert (await send_callback(client, callback_form(oid, TEAM))).content == b"OK"
    assert (await the(session_maker, Payment)).status is PaymentStatus.SUCCEEDED
    assert (await the(session_maker, Subscription)).status is SubscriptionStatus.ACTIVE


async def test_a_failure_after_a_success_undoes_nothing(client: Browser, session_maker: Maker) -> None:
    customer = await make_customer(session_maker)
    checkout = await start_checkout(session_maker, customer)
    oid = checkout.payment.merchant_oid
    await send_callback(client, callback_form(oid, TEAM))
    late = callback_form(oid, 0, status="failed", failed_reason_code="6")
    assert (await send_callback(client, late)).content == b"OK"
    assert (await the(session_maker, Payment)).status is PaymentStatus.SUCCEEDED
    assert (await the(session_maker, Subscription)).status is SubscriptionStatus.ACTIVE


async def test_two_attempts_of_one_order_both_paid_buy_one_period(
    client: Browser, session_maker: Maker
) -> None:
    customer = await make_customer(session_maker)
    first = await start_checkout(session_maker, customer)
    second = await start_checkout(session_maker, customer)
    assert first.order.id == second.order.id
    for checkout in (first, second):
        answer = await send_callback(client, callback_form(checkout.payment.merchant_oid, TEAM))
        assert answer.content == b"OK"
    assert await count(session_maker, Invoice) == 1
    assert (await the(session_maker, OperatorCase)).kind is CaseKind.PAID_TWICE


async def test_when_the_commit_fails_paytr_is_not_told_ok_and_nothing_remains(
    client: Browser, session_maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = await make_customer(session_maker)
    checkout = await start_checkout(session_maker, customer)
    form = callback_form(checkout.payment.merchant_oid, TEAM)

    async def poisoned(session: AsyncSession, *arguments: Any, **more: Any) -> Any:
        outcome = await real(session, *arguments, **more)
        await session.execute(
            text("CREATE TEMP TABLE later (id int UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP")
        )
        await session.execute(text("INSERT INTO later VALUES (1), (1)"))
        return outcome

    real = settlement.settle
    monkeypatch.setattr("app.domain.billing.webhooks.settle", poisoned)
    answer = await send_callback(client, form)
    assert answer.status_code == 500
    assert answer.content != b"OK"
    assert await count(session_maker, Invoice) == 0
    monkeypatch.undo()
    assert (await send_callback(client, form)).content == b"OK"
    assert (await the(session_maker, Invoice)).number.endswith("000000001")


@pytest.mark.parametrize("state", ["trial", "trial ended", "active", "suspended", "canceled", "lapsed"])
async def test_paying_in_any_state_covers_from_now_into_the_future(
    client: Browser, session_maker: Maker, state: str
) -> None:
    at = now()
    signed_up = at - timedelta(days=120 if state != "trial" else 1)
    customer = await make_customer(session_maker, at=signed_up)
    await bring_to(session_maker, client, customer, state)
    checkout = await start_checkout(session_maker, customer)
    answer = await send_callback(client, callback_form(checkout.payment.merchant_oid, TEAM))
    assert answer.content == b"OK"
    subscription = await the(session_maker, Subscription)
    assert subscription.status is SubscriptionStatus.ACTIVE
    assert subscription.current_period_end > now() + timedelta(days=27)
    async with session_maker() as session:
        newest = (await session.scalars(select(Invoice).order_by(Invoice.sequence.desc()).limit(1))).one()
    assert newest.period_start >= at
    assert newest.period_end == subscription.current_period_end


async def bring_to(session_maker: Maker, client: Browser, customer: Any, state: str) -> None:
    if state in {"trial", "trial ended"}:
        return
    checkout = await start_checkout(session_maker, customer)
    await send_callback(client, callback_form(checkout.payment.merchant_oid, TEAM))
    if state == "active":
        return
    async with unit_of_work(session_maker) as session:
        subscription = (await session.scalars(select(Subscription))).one()
        if state == "lapsed":
            for name in ("anchor_at", "current_period_start", "current_period_end"):
                setattr(subscription, name, getattr(subscription, name) - timedelta(days=120))
        else:
            subscription.status = SubscriptionStatus(state)


async def test_an_issued_invoice_cannot_be_changed_or_deleted(client: Browser, session_maker: Maker) -> None:
    customer = await make_customer(session_maker)
    checkout = await start_checkout(session_maker, customer)
    await send_callback(client, callback_form(checkout.payment.merchant_oid, TEAM))
    for statement in (
        "UPDATE invoices SET total = 1, net = 1, vat = 0",
        "UPDATE invoices SET number = 'TZG2026000000009'",
        "DELETE FROM invoices",
        "UPDATE invoice_lines SET total = 1, net = 1, vat = 0",
        "DELETE FROM audit_entries",
        "UPDATE payment_events SET outcome = 'none'",
    ):
        async with session_maker() as session:
            with pytest.raises(DBAPIError, match=r"append only|does not change"):
                await session.execute(text(statement))
