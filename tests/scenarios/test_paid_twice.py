"""Two attempts of one order both turn out paid: the later is given back, and a person hears of it."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.db.models import (
    CaseKind,
    Invoice,
    OperatorCase,
    Order,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
    Subscription,
)
from app.domain.billing.checkout import Checkout
from app.domain.billing.settlement.service import VERIFY_AFTER, Outcome
from app.domain.billing.verification.rules import LISTED_WITHIN
from app.lib.clock import now
from app.lib.uow import unit_of_work
from tests.factories import Customer, make_customer
from tests.scenarios.cashier import Cashier, Debtor


@pytest.fixture
async def customer(cashier: Cashier) -> Customer:
    return await make_customer(cashier.resources.session_maker)


async def pay_twice(cashier: Cashier, customer: Customer, at: datetime) -> tuple[Checkout, Checkout]:
    """Let a buyer pay the same order in two open pages."""
    first, second = await cashier.open_frame(customer, at), await cashier.open_frame(customer, at)
    for checkout in (first, second):
        cashier.gateway.pay(checkout.payment.merchant_oid)
    assert await cashier.report(first, at) is Outcome.APPLIED
    assert await cashier.report(second, at + timedelta(seconds=5)) is Outcome.HELD
    return first, second


async def second_of(cashier: Cashier) -> Any:
    (payment,) = [payment for payment in await cashier.all(Payment) if payment.is_surplus]
    return payment


async def test_the_later_of_two_payments_is_given_back_and_a_case_says_so(
    cashier: Cashier, customer: Customer
) -> None:
    at = now()
    first, second = await pay_twice(cashier, customer, at)
    for minutes in (2, 3, 10, 60):
        await cashier.work(at + timedelta(minutes=minutes))
    refund, case = await cashier.the(Refund), await cashier.the(OperatorCase)
    assert (refund.payment_id, refund.status) == (second.payment.id, RefundStatus.SUCCEEDED)
    assert (refund.amount, refund.requested_by_id) == (second.payment.amount, None)
    assert "paid by another payment" in refund.reason
    assert (case.kind, case.subject) == (CaseKind.PAID_TWICE, second.payment.merchant_oid)
    statuses = {payment.id: payment.status for payment in await cashier.all(Payment)}
    assert statuses == {
        first.payment.id: PaymentStatus.SUCCEEDED,
        second.payment.id: PaymentStatus.REFUNDED,
    }
    assert [len(attempt.refunds) for attempt in cashier.gateway.attempts.values()] == [0, 1]
    assert len(await cashier.all(Invoice)) == 1
    subscription = await cashier.the(Subscription)
    assert subscription.current_period_start == at, "the second payment bought nothing"


async def test_nothing_is_given_back_before_paytr_itself_confirms_it(
    cashier: Cashier, customer: Customer
) -> None:
    at = now()
    await pay_twice(cashier, customer, at)
    cashier.gateway.unreachable = True
    await cashier.work(at + timedelta(minutes=2))
    assert await cashier.all(Refund) == []
    cashier.gateway.unreachable = False
    await cashier.work(at + timedelta(hours=1))
    assert len(await cashier.all(Refund)) == 1


async def test_a_second_payment_that_paytr_does_not_know_is_a_persons_to_judge(
    cashier: Cashier, customer: Customer
) -> None:
    at = now()
    _, second = await pay_twice(cashier, customer, at)
    cashier.gateway.attempts[second.payment.merchant_oid].total = None
    for later in (timedelta(minutes=2), LISTED_WITHIN + timedelta(minutes=2)):
        await cashier.work(at + later)
    assert {case.kind for case in await cashier.all(OperatorCase)} == {
        CaseKind.PAID_TWICE,
        CaseKind.VERIFICATION_DIFFERS,
    }
    assert await cashier.all(Refund) == []


async def test_what_an_operator_has_decided_is_not_given_back_behind_their_back(
    cashier: Cashier, customer: Customer
) -> None:
    at = now()
    await pay_twice(cashier, customer, at)
    await cashier.change(await cashier.the(OperatorCase), decision="kept", closed_at=at)
    await cashier.work(at + timedelta(minutes=2))
    assert await cashier.all(Refund) == []


async def test_money_held_for_another_reason_is_compared_and_kept(
    cashier: Cashier, customer: Customer
) -> None:
    at = now()
    checkout = await cashier.open_frame(customer, at)
    short = checkout.payment.amount - 1
    cashier.gateway.pay(checkout.payment.merchant_oid, total=short)
    assert await cashier.report(checkout, at, total_amount=short) is Outcome.HELD
    await cashier.work(at + VERIFY_AFTER)
    assert (await second_of(cashier)).next_inquiry_at is None
    assert [case.kind for case in await cashier.all(OperatorCase)] == [CaseKind.AMOUNT_DIFFERS]
    assert await cashier.all(Refund) == []


async def test_a_charge_that_was_lost_and_a_page_that_was_paid_meanwhile(
    cashier: Cashier, debtor: Debtor
) -> None:
    at = now()
    page = await cashier.open_frame(debtor.customer, at)
    await cashier.work(at + timedelta(minutes=32))
    assert (await cashier.the(Payment)).status is PaymentStatus.EXPIRED
    charged_at = at + timedelta(minutes=33)
    cashier.gateway.lose_answers = True
    assert await cashier.charge(debtor, charged_at) is PaymentStatus.UNKNOWN
    cashier.gateway.lose_answers = False
    cashier.gateway.pay(page.payment.merchant_oid)
    assert await cashier.report(page, charged_at + timedelta(seconds=9)) is Outcome.APPLIED
    for minutes in (2, 4, 10):
        await cashier.work(charged_at + timedelta(minutes=minutes))
    assert (await second_of(cashier)).status is PaymentStatus.REFUNDED
    assert (await cashier.the(Refund)).payment_id == (await second_of(cashier)).id


async def test_whoever_settles_an_order_does_not_block_those_who_only_refer_to_it(
    cashier: Cashier, customer: Customer
) -> None:
    """A second page is begun, under the subscription's lock, while the first page's money settles."""
    at = now()
    first = await cashier.open_frame(customer, at)
    async with unit_of_work(cashier.resources.session_maker) as session:
        subscription = await session.get_one(Subscription, first.order.subscription_id, with_for_update=True)
        settling = asyncio.create_task(cashier.report(first, at))
        await asyncio.sleep(0.3)
        assert not settling.done(), "it waits for the subscription and holds the order"
        session.add(
            Payment(
                company_id=subscription.company_id,
                order_id=first.order.id,
                merchant_oid="TZGSECOND",
                amount=first.order.gross,
                currency="TRY",
                expires_at=at,
            )
        )
        await asyncio.wait_for(session.flush(), 3)
    assert await settling is Outcome.APPLIED
    assert (await cashier.the(Order)).paid_at == at
