"""Paying with a card that is kept: one payment, one consent, one card; PayTR's frame stays a way to pay."""

import re
from datetime import timedelta
from typing import Any

import pytest
from litestar import Litestar
from sqlalchemy import select, text
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
    Role,
    StoredCard,
    Subscription,
    SubscriptionStatus,
)
from app.domain.accounts.legal import CARD_STORAGE
from app.domain.billing.cards.followup import due_registrations
from app.domain.billing.cards.rules import NOT_LISTED, TEST_PAYMENT
from app.domain.billing.charging.service import request_charge
from app.domain.billing.reconciliation.book import states_of
from app.domain.billing.settlement.service import Arrival, Outcome, settle
from app.domain.billing.verification.rules import LADDER
from app.domain.billing.verification.service import inquire
from app.domain.payments.paytr.messages import PaytrCallback
from app.lib.clock import now
from app.lib.log import configure_logging
from app.lib.uow import unit_of_work
from app.tasks.cards import SWEEPS
from app.tasks.context import Resources
from tests.cards import HIDDEN, Buyer, add_card, make_buyer
from tests.conftest import Browser, browser, msgspec_replace
from tests.factories import add_member, callback_form, send_callback, start_checkout
from tests.worker import drain

TEAM = 297_000
CHOICE = {"plan": "team", "interval": "month", "consent": "yes"}


@pytest.fixture
async def buyer(resources: Resources, client: Browser) -> Buyer:
    """Somebody who is logged in."""
    return await make_buyer(resources, client)


async def begin(buyer: Buyer) -> dict[str, str]:
    """Agree, and return the fields of the form that the browser would post to PayTR."""
    answer = await buyer.client.submit("/billing/checkout/card", **CHOICE)
    assert answer.status_code == 200, answer.text
    return dict(HIDDEN.findall(answer.text[answer.text.index('id="card-form"') :]))


async def report(buyer: Buyer, oid: str, total: int = TEAM, **fields: str) -> None:
    answer = await send_callback(buyer.client, callback_form(oid, total, **fields))
    assert answer.text == "OK"


async def all_of(buyer: Buyer, model: type[Any]) -> list[Any]:
    async with buyer.resources.session_maker() as session:
        return list(await session.scalars(select(model).order_by(model.id)))


async def the(buyer: Buyer, model: type[Any]) -> Any:
    (only,) = await all_of(buyer, model)
    return only


async def test_without_a_consent_nothing_is_ordered_and_the_plan_is_kept(buyer: Buyer) -> None:
    answer = await buyer.client.submit("/billing/checkout/card", plan="enterprise", interval="year")
    assert answer.status_code == 422
    assert "Agree to the card being stored to go on." in answer.text
    assert answer.text.count('name="plan" value="enterprise"') == 2
    assert answer.text.count('name="interval" value="year"') == 2
    assert "card_number" not in answer.text
    assert [await all_of(buyer, model) for model in (Order, Payment, CardRegistration)] == [[], [], []]


async def test_order_payment_and_consent_are_committed_before_the_form_is_shown(buyer: Buyer) -> None:
    fields = await begin(buyer)
    payment, registration = await the(buyer, Payment), await the(buyer, CardRegistration)
    assert fields["merchant_oid"] == payment.merchant_oid == registration.merchant_oid
    assert (fields["payment_amount"], fields["store_card"], fields["non_3d"]) == ("2970.00", "1", "0")
    assert (payment.channel, payment.status) == (PaymentChannel.DIRECT, PaymentStatus.CREATED)
    assert payment.next_inquiry_at > payment.expires_at
    assert (registration.payment_id, registration.next_attempt_at) == (payment.id, None)
    assert (registration.consent_version, registration.consent_address) == (
        CARD_STORAGE.version,
        "203.0.113.7",
    )


async def test_the_card_is_typed_into_a_form_that_leads_to_paytr_alone(buyer: Buyer) -> None:
    answer = await buyer.client.submit("/billing/checkout/card", **CHOICE)
    form = re.search(r"<form[^>]*card-entry.*?</form>", answer.text, re.DOTALL)
    assert form is not None
    assert 'action="https://gateway.invalid/odeme"' in form[0]
    assert "_csrf_token" not in form[0]
    assert "card_number" not in answer.text.replace(form[0], "")
    policy = answer.headers["content-security-policy"]
    assert "form-action 'self' http://127.0.0.1:9;" in policy
    assert "frame-src 'none';" in policy


async def test_the_checkout_offers_it_beside_the_frame(buyer: Buyer) -> None:
    answer = await buyer.client.submit("/billing/checkout", plan="team", interval="year")
    assert 'id="paytriframe"' in answer.text
    offer = re.search(r'<details[^>]*id="keep-card".*?</details>', answer.text, re.DOTALL)
    assert offer is not None
    for part in ('action="/billing/checkout/card"', 'name="interval" value="year"', 'name="consent"'):
        assert part in offer[0]
    assert "form-action 'self';" in answer.headers["content-security-policy"]


async def test_a_success_pays_the_order_and_its_card_is_kept_and_default(buyer: Buyer) -> None:
    oid = (await begin(buyer))["merchant_oid"]
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
    oid = (await begin(buyer))["merchant_oid"]
    await report(buyer, oid, 0, status="failed", failed_reason_code="2")
    await drain(buyer.resources)
    registration = await the(buyer, CardRegistration)
    assert (registration.status, registration.failure_code) == (RegistrationStatus.FAILED, "2")
    assert await all_of(buyer, StoredCard) == []
    shown = (await buyer.client.get(f"/billing/payments/{oid}")).text
    assert "The code from your bank was not entered correctly." in shown
    assert (await buyer.client.submit("/billing/checkout", plan="team", interval="month")).status_code == 200
    order, (_, second) = await the(buyer, Order), await all_of(buyer, Payment)
    assert (order.status, second.order_id) == (OrderStatus.OPEN, order.id)
    assert second.channel is PaymentChannel.FRAME
    await report(buyer, second.merchant_oid)
    assert (await the(buyer, Order)).status is OrderStatus.PAID


async def test_a_success_after_a_decline_in_the_same_form_keeps_the_card(buyer: Buyer) -> None:
    oid = (await begin(buyer))["merchant_oid"]
    await report(buyer, oid, 0, status="failed", failed_reason_code="2")
    user_token, card_token = buyer.gateway.keep_card()
    await report(buyer, oid, utoken=user_token, ctoken=card_token)
    await drain(buyer.resources)
    assert (await the(buyer, CardRegistration)).status is RegistrationStatus.STORED
    await report(buyer, oid, 0, status="failed", failed_reason_code="6")
    assert (await the(buyer, CardRegistration)).status is RegistrationStatus.STORED


async def test_a_callback_that_comes_twice_keeps_one_card(buyer: Buyer, application: Litestar) -> None:
    oid = (await begin(buyer))["merchant_oid"]
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
    fields = await begin(buyer)
    buyer.gateway.keep_card(fields["utoken"], last_four="5403")
    await report(buyer, fields["merchant_oid"], utoken=fields["utoken"])
    await drain(buyer.resources)
    assert [(card.last_four, card.is_default) for card in await buyer.cards()] == [
        ("4358", True),
        ("5403", False),
    ]


async def test_tokens_that_come_after_paytr_was_asked_still_bring_the_card(buyer: Buyer) -> None:
    oid = (await begin(buyer))["merchant_oid"]
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
    oid = (await begin(buyer))["merchant_oid"]
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
    await begin(buyer)
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
    oid = (await begin(buyer))["merchant_oid"]
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


async def test_no_token_is_in_a_page_a_row_a_message_the_audit_or_the_log(
    buyer: Buyer, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("debug", as_json=True)
    try:
        oid = (await begin(buyer))["merchant_oid"]
        tokens = buyer.gateway.keep_card()
        await report(buyer, oid, utoken=tokens[0], ctoken=tokens[1])
        waiting = await rows_of(buyer)
        await drain(buyer.resources)
    finally:
        configure_logging("error", as_json=True)
    paths = ("/billing", "/billing/cards", f"/billing/payments/{oid}", f"/billing/return/ok?oid={oid}")
    said = [(await buyer.client.get(path)).text for path in paths]
    log = capsys.readouterr().err
    said += [*waiting, *await rows_of(buyer), log]
    assert any("confirmed" in row for row in waiting)
    assert "/webhooks/paytr" in log
    assert [one for one in said for token in tokens if token in one] == []


async def rows_of(buyer: Buyer) -> list[str]:
    """Return every row that a payment and its card leave, as text."""
    tables = ("payments", "payment_events", "card_registrations", "stored_cards", "audit_entries", "orders")
    async with buyer.resources.session_maker() as session:
        found = [await session.scalars(text(f"SELECT r::text FROM {table} r")) for table in tables]  # noqa: S608
        return [row for rows in found for row in rows]


@pytest.mark.parametrize("result", ["ok", "fail"])
async def test_the_way_back_by_post_knows_nobody_and_shows_nothing(
    application: Litestar, buyer: Buyer, result: str
) -> None:
    oid = (await begin(buyer))["merchant_oid"]
    async with browser(application) as paytr:
        answer = await paytr.post(
            f"/billing/return/{result}?oid={oid}", data={"fail_message": "<b>declined</b> 4355"}
        )
        elsewhere = await paytr.post(f"/billing/return/{result}", params={"oid": '"><script>//evil.example'})
    assert (answer.status_code, elsewhere.status_code) == (200, 200)
    assert f'content="0;url=/billing/payments/{oid}"' in answer.text
    assert 'content="0;url=/billing"' in elsewhere.text
    assert "declined" not in answer.text
    assert "evil" not in elsewhere.text
    assert "set-cookie" not in answer.headers
    assert buyer.customer.company.name not in answer.text
    assert (await the(buyer, Payment)).is_undecided


async def test_a_payment_with_a_card_is_shown_as_a_payment_alone(buyer: Buyer) -> None:
    oid = (await begin(buyer))["merchant_oid"]
    assert (await buyer.client.get(f"/billing/cards/registrations/{oid}")).status_code == 404
    async with buyer.resources.session_maker() as session:
        assert await states_of(session, [oid]) == {oid: "created"}


async def test_a_developer_cannot_pay_this_way_either(application: Litestar, buyer: Buyer) -> None:
    developer = await add_member(buyer.resources.session_maker, buyer.customer, Role.DEVELOPER)
    async with browser(application) as client:
        await developer.log_in(client)
        assert (await client.submit("/billing/checkout/card", **CHOICE)).status_code == 403
    assert await all_of(buyer, Payment) == []


async def test_beside_an_undecided_charge_there_is_no_form_but_a_sentence(buyer: Buyer) -> None:
    resources = buyer.resources
    checkout = await start_checkout(resources.session_maker, buyer.customer)
    await report(buyer, checkout.payment.merchant_oid, 0, status="failed", failed_reason_code="2")
    card = await add_card(resources, buyer.customer)
    async with unit_of_work(resources.session_maker) as session:
        await request_charge(session, order_id=checkout.order.id, card_id=card.id, at=now())
    answer = await buyer.client.submit("/billing/checkout/card", **CHOICE)
    assert answer.status_code == 409
    assert "A payment for this order is under way." in answer.text
    assert await all_of(buyer, CardRegistration) == []


async def test_cards_are_not_tried_by_the_dozen_this_way_either(buyer: Buyer) -> None:
    for _ in range(5):
        await begin(buyer)
    answer = await buyer.client.submit("/billing/checkout/card", **CHOICE)
    assert answer.status_code == 429
    assert len(await all_of(buyer, Payment)) == 5


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
    await begin(buyer)
    async with buyer.resources.session_maker() as session:
        with pytest.raises(IntegrityError):
            await session.execute(text(f"UPDATE card_registrations SET {change}"))  # noqa: S608
