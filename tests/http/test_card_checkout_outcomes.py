"""What becomes of a payment whose card is to be kept: settled once, and one card at most."""

from datetime import timedelta

import pytest
from litestar import Litestar
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.db.models import (
    CardRegistration,
    CaseKind,
    Invoice,
    OperatorCase,
    Order,
    OrderStatus,
    Payment,
    PaymentChannel,
    PaymentEvent,
    PaymentStatus,
    RegistrationStatus,
    StoredCard,
    Subscription,
    SubscriptionStatus,
)
from app.domain.billing.cards.followup import due_registrations
from app.domain.billing.cards.rules import NOT_LISTED, TEST_PAYMENT
from app.domain.billing.settlement.service import Arrival, Outcome, settle
from app.domain.billing.verification.rules import LADDER
from app.domain.billing.verification.service import inquire
from app.domain.payments.paytr.messages import PaytrCallback
from app.lib.clock import now
from app.lib.uow import unit_of_work
from app.tasks.cards import SWEEPS
from app.tasks.context import Resources
from tests.agreements import submit_agreed
from tests.cards import TEAM, Buyer, all_of, begin_checkout, make_buyer, report, the
from tests.conftest import Browser, msgspec_replace
from tests.worker import drain


@pytest.fixture
async def buyer(resources: Resources, client: Browser) -> Buyer:
    """Somebody who is logged in."""
    return await make_buyer(resources, client)


async def test_a_success_pays_the_order_and_its_card_is_kept_and_default(buyer: Buyer) -> None:
    oid = (await begin_checkout(buyer))["merchant_oid"]
    user_token, card_token = buyer.gateway.keep_card()
    await report(buyer, oid, utoken=user_token, ctoken=card_token)
    shown = (await buyer.client.get(f"/billing/payments/{oid}")).text
    assert "PayTR is keeping your card" in shown
    await drain(buyer.resources)
    card, payment = await the(buyer, StoredCard), await the(buyer, Payment)
    registration = await the(buyer, CardRegistration)
    assert (card.last_four, card.is_default, payment.card_id) == ("4358", True, card.id)
    assert (payment.status, payment.collected) == (PaymentStatus.SUCCEEDED, TEAM)
    assert (registration.status, registration.card_id) == (RegistrationStatus.STORED, card.id)
    assert (registration.collected, registration.refund_status) == (None, None)
    assert (await the(buyer, Subscription)).status is SubscriptionStatus.ACTIVE
    assert (await the(buyer, Invoice)).total == TEAM
    shown = (await buyer.client.get(f"/billing/payments/{oid}")).text
    assert "The card ending in 4358 is kept for renewals." in shown


async def test_a_decline_stores_nothing_and_the_order_can_be_paid_in_the_frame(buyer: Buyer) -> None:
    oid = (await begin_checkout(buyer))["merchant_oid"]
    await report(buyer, oid, 0, status="failed", failed_reason_code="2")
    await drain(buyer.resources)
    registration = await the(buyer, CardRegistration)
    assert (registration.status, registration.failure_code) == (RegistrationStatus.FAILED, "2")
    assert await all_of(buyer, StoredCard) == []
    shown = (await buyer.client.get(f"/billing/payments/{oid}")).text
    assert "The code from your bank was not entered correctly." in shown
    assert (
        await submit_agreed(buyer.client, "/billing/checkout", plan="team", interval="month")
    ).status_code == 200
    order, (_, second) = await the(buyer, Order), await all_of(buyer, Payment)
    assert (order.status, second.order_id) == (OrderStatus.OPEN, order.id)
    assert second.channel is PaymentChannel.FRAME
    await report(buyer, second.merchant_oid)
    assert (await the(buyer, Order)).status is OrderStatus.PAID


async def test_a_success_after_a_decline_in_the_same_form_keeps_the_card(buyer: Buyer) -> None:
    oid = (await begin_checkout(buyer))["merchant_oid"]
    await report(buyer, oid, 0, status="failed", failed_reason_code="2")
    user_token, card_token = buyer.gateway.keep_card()
    await report(buyer, oid, utoken=user_token, ctoken=card_token)
    await drain(buyer.resources)
    assert (await the(buyer, CardRegistration)).status is RegistrationStatus.STORED
    await report(buyer, oid, 0, status="failed", failed_reason_code="6")
    assert (await the(buyer, CardRegistration)).status is RegistrationStatus.STORED


async def test_a_callback_that_comes_twice_keeps_one_card(buyer: Buyer, application: Litestar) -> None:
    oid = (await begin_checkout(buyer))["merchant_oid"]
    user_token, card_token = buyer.gateway.keep_card()
    for _ in range(2):
        await report(buyer, oid, utoken=user_token, ctoken=card_token)
        await drain(buyer.resources)
    # once more, worded otherwise: neither our memory of the first nor its row lets it in
    await report(buyer, oid, utoken=user_token, ctoken=card_token, payment_type="card")
    await drain(buyer.resources)
    assert [len(await all_of(buyer, model)) for model in (StoredCard, Invoice, PaymentEvent)] == [1, 1, 1]
    registration = await the(buyer, CardRegistration)
    assert (registration.status, registration.user_token) == (RegistrationStatus.STORED, None)


async def test_a_callback_without_the_card_token_finds_the_card_that_is_new(buyer: Buyer) -> None:
    await buyer.add()
    fields = await begin_checkout(buyer)
    buyer.gateway.keep_card(fields["utoken"], last_four="5403")
    await report(buyer, fields["merchant_oid"], utoken=fields["utoken"])
    await drain(buyer.resources)
    assert [(card.last_four, card.is_default) for card in await buyer.cards()] == [
        ("4358", True),
        ("5403", False),
    ]


async def test_tokens_that_come_after_paytr_was_asked_still_bring_the_card(buyer: Buyer) -> None:
    oid = (await begin_checkout(buyer))["merchant_oid"]
    payment = await the(buyer, Payment)
    buyer.gateway.pay(oid)
    await ask(buyer, payment)
    assert (await the(buyer, Payment)).status is PaymentStatus.SUCCEEDED
    assert (await the(buyer, CardRegistration)).status is RegistrationStatus.CONFIRMED
    user_token, card_token = buyer.gateway.keep_card()
    await report(buyer, oid, utoken=user_token, ctoken=card_token)
    await drain(buyer.resources)
    assert (await the(buyer, CardRegistration)).status is RegistrationStatus.STORED
    assert len(await all_of(buyer, Invoice)) == 1


async def test_a_card_that_paytr_did_not_keep_ends_with_the_ladder_and_costs_no_payment(buyer: Buyer) -> None:
    oid = (await begin_checkout(buyer))["merchant_oid"]
    await report(buyer, oid)
    at = now()
    for rung in (*LADDER, timedelta()):
        await SWEEPS["sweep_card_registrations"](buyer.resources, at)
        at += rung + timedelta(seconds=1)
    registration = await the(buyer, CardRegistration)
    assert (registration.status, registration.failure_code) == (RegistrationStatus.FAILED, NOT_LISTED)
    assert (await the(buyer, Payment)).status is PaymentStatus.SUCCEEDED
    assert await all_of(buyer, OperatorCase) == []
    shown = (await buyer.client.get(f"/billing/payments/{oid}")).text
    assert "The payment went through, but the card was not kept." in shown


async def test_a_payment_that_is_never_made_expires_with_its_registration(buyer: Buyer) -> None:
    await begin_checkout(buyer)
    payment = await the(buyer, Payment)
    del buyer.gateway.attempts[payment.merchant_oid]  # nobody posts the form, so PayTR never hears of it
    await ask(buyer, payment)
    assert (await the(buyer, Payment)).status is PaymentStatus.EXPIRED
    assert (await the(buyer, CardRegistration)).status is RegistrationStatus.EXPIRED
    async with buyer.resources.session_maker() as session:
        assert await due_registrations(session, at=now() + timedelta(days=9)) == []


async def ask(buyer: Buyer, payment: Payment) -> None:
    """Ask PayTR about a payment once its time is over."""
    resources = buyer.resources
    await inquire(
        resources.session_maker,
        buyer.gateway,
        resources.settings,
        payment.id,
        at=payment.next_inquiry_at or now(),
    )


async def test_a_test_payment_on_a_live_account_keeps_no_card(buyer: Buyer) -> None:
    oid = (await begin_checkout(buyer))["merchant_oid"]
    live = msgspec_replace(buyer.resources.settings, env="production")
    message = PaytrCallback(
        merchant_oid=oid,
        status="success",
        total_amount=TEAM,
        test_mode=True,
        user_token="u" * 32,
        card_token="c" * 32,
    )
    async with unit_of_work(buyer.resources.session_maker) as session:
        assert await settle(session, Arrival(message, {}), settings=live, at=now()) is Outcome.HELD
    async with unit_of_work(buyer.resources.session_maker) as session:
        assert await settle(session, Arrival(message, {}), settings=live, at=now()) is Outcome.REPEATED
    registration = await the(buyer, CardRegistration)
    assert (registration.status, registration.failure_code) == (RegistrationStatus.FAILED, TEST_PAYMENT)
    assert registration.user_token is None
    assert (await the(buyer, OperatorCase)).kind is CaseKind.TEST_PAYMENT


@pytest.mark.parametrize(
    "change",
    [
        "payment_id = NULL",
        "merchant_oid = 'TZC1'",
        "collected = 1, refund_status = 'created', refund_reference = 'R'",
    ],
)
async def test_a_registration_makes_its_own_payment_or_belongs_to_an_orders(
    buyer: Buyer, change: str
) -> None:
    await begin_checkout(buyer)
    async with buyer.resources.session_maker() as session:
        with pytest.raises(IntegrityError):
            await session.execute(text(f"UPDATE card_registrations SET {change}"))  # noqa: S608
