"""Payments nobody reported, and reports that PayTR's own record contradicts."""

from datetime import datetime, timedelta

import pytest

from app.db.models import (
    CaseKind,
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
from app.domain.billing.checkout import FRAME_LIMIT
from app.domain.billing.settlement.service import VERIFY_AFTER, Outcome
from app.domain.billing.verification.rules import LADDER
from app.domain.payments.values import Inquiry
from app.lib.clock import now
from tests.factories import Customer, make_customer
from tests.scenarios.shop import Shop

DUE = FRAME_LIMIT + LADDER[0]


@pytest.fixture
async def customer(shop: Shop) -> Customer:
    return await make_customer(shop.resources.session_maker)


async def test_an_attempt_expires_only_after_paytr_has_been_asked(shop: Shop, customer: Customer) -> None:
    at = now()
    await shop.open_frame(customer, at)
    assert (await shop.work(at + DUE - timedelta(seconds=1)))["sweep_inquiries"]["found"] == 0
    assert (await shop.the(Payment)).status is PaymentStatus.CREATED
    await shop.work(at + DUE)
    payment, order = await shop.the(Payment), await shop.the(Order)
    assert (payment.status, payment.next_inquiry_at, payment.inquiries) == (PaymentStatus.EXPIRED, None, 1)
    assert order.status is OrderStatus.OPEN, "the intention stays, only the attempt is over"
    assert await shop.all(OperatorCase) == []


async def test_money_that_comes_after_expiry_still_settles(shop: Shop, customer: Customer) -> None:
    at = now()
    checkout = await shop.open_frame(customer, at)
    await shop.work(at + DUE)
    late = at + timedelta(days=2)
    assert await shop.report(checkout, late) is Outcome.APPLIED
    subscription = await shop.the(Subscription)
    assert (subscription.status, subscription.current_period_start) == (SubscriptionStatus.ACTIVE, late)
    assert len(await shop.all(Invoice)) == 1


async def test_a_success_paytr_never_managed_to_report_is_found_by_asking(
    shop: Shop, customer: Customer
) -> None:
    at = now()
    checkout = await shop.open_frame(customer, at)
    shop.gateway.pay(checkout.payment.merchant_oid)
    await shop.work(at + DUE)
    assert (await shop.the(Payment)).status is PaymentStatus.SUCCEEDED
    assert (await shop.the(Subscription)).status is SubscriptionStatus.ACTIVE
    assert (await shop.the(PaymentEvent)).source == "inquiry"
    assert await shop.report(checkout, at + DUE + timedelta(hours=1)) is Outcome.REPEATED
    await shop.work(at + DUE + timedelta(minutes=2))
    assert len(await shop.all(Invoice)) == 1
    receipts = [letter for letter in shop.mailer.messages if list(letter.iter_attachments())]
    assert len(receipts) == 1


async def test_a_wrong_amount_found_by_asking_is_held_for_a_person(shop: Shop, customer: Customer) -> None:
    at = now()
    checkout = await shop.open_frame(customer, at)
    shop.gateway.pay(checkout.payment.merchant_oid, total=checkout.payment.amount - 1)
    await shop.work(at + DUE)
    assert (await shop.the(OperatorCase)).kind is CaseKind.AMOUNT_DIFFERS
    assert (await shop.the(Subscription)).status is SubscriptionStatus.TRIALING
    assert await shop.all(Invoice) == []


async def test_while_paytr_does_not_answer_nothing_expires_and_at_last_a_person_looks(
    shop: Shop, customer: Customer
) -> None:
    at = now()
    await shop.open_frame(customer, at)
    shop.gateway.unreachable = True
    for number, rung in enumerate(LADDER, start=1):
        assert await shop.all(OperatorCase) == []
        await shop.work(at + FRAME_LIMIT + rung)
        payment = await shop.the(Payment)
        assert (payment.is_undecided, payment.inquiries) == (True, number)
    payment, case = await shop.the(Payment), await shop.the(OperatorCase)
    assert (payment.status, payment.next_inquiry_at) == (PaymentStatus.UNKNOWN, None)
    assert (case.kind, case.subject) == (CaseKind.OUTCOME_UNKNOWN, payment.merchant_oid)


async def test_paytrs_own_record_that_agrees_opens_no_case(shop: Shop, customer: Customer) -> None:
    at = now()
    await shop.buy(customer, at)
    await shop.work(at + VERIFY_AFTER)
    payment = await shop.the(Payment)
    assert (payment.inquiries, payment.next_inquiry_at) == (1, None)
    assert await shop.all(OperatorCase) == []


async def verified_as(shop: Shop, customer: Customer, answer: Inquiry, at: datetime) -> OperatorCase:
    """Return the case that opens when PayTR's record of a reported success reads like this."""

    async def inquire(merchant_oid: str) -> Inquiry:
        return answer

    checkout = await shop.open_frame(customer, at)
    assert await shop.report(checkout, at) is Outcome.APPLIED
    shop.gateway.inquire = inquire  # type: ignore[method-assign]  # the fake's answer is the point
    for later in (VERIFY_AFTER, VERIFY_AFTER, LADDER[1]):
        await shop.work(at + later)
    assert answer.found or not await shop.all(OperatorCase), "PayTR's record may lag behind its callback"
    await shop.work(at + LADDER[2])
    del shop.gateway.inquire
    case: OperatorCase = await shop.the(OperatorCase)
    assert (await shop.the(Subscription)).status is SubscriptionStatus.ACTIVE
    assert (await shop.the(Payment)).next_inquiry_at is None
    return case


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        (Inquiry(found=False, raw="{}"), "found"),
        (Inquiry(found=True, raw="{}", amount=297_000, total=1, currency="TRY"), "collected"),
        (Inquiry(found=True, raw="{}", amount=1, total=297_000, currency="TRY"), "amount"),
        (Inquiry(found=True, raw="{}", amount=297_000, total=297_000, currency="USD"), "currency"),
    ],
    ids=["unknown to PayTR", "other total", "other amount", "other currency"],
)
async def test_paytrs_own_record_that_differs_opens_one_case_and_takes_nothing_away(
    shop: Shop, customer: Customer, answer: Inquiry, fact: str
) -> None:
    case = await verified_as(shop, customer, answer, now())
    assert case.kind is CaseKind.VERIFICATION_DIFFERS
    assert set(case.facts) == {fact}
