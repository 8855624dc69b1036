"""Paying with a card that is kept: one payment, one consent, one card; PayTR's frame stays a way to pay."""

import re

import pytest
from litestar import Litestar
from sqlalchemy import text

from app.db.models import (
    CardRegistration,
    Order,
    Payment,
    PaymentChannel,
    PaymentStatus,
    Role,
)
from app.domain.accounts.legal import CARD_STORAGE
from app.domain.billing.charging.service import request_charge
from app.domain.billing.reconciliation.book import states_of
from app.lib.clock import now
from app.lib.log import configure_logging
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.agreements import submit_agreed
from tests.cards import CHOICE, Buyer, add_card, all_of, begin_checkout, make_buyer, report, the
from tests.conftest import Browser, browser
from tests.factories import add_member, start_checkout
from tests.worker import drain


@pytest.fixture
async def buyer(resources: Resources, client: Browser) -> Buyer:
    """Somebody who is logged in."""
    return await make_buyer(resources, client)


async def test_without_a_consent_nothing_is_ordered_and_the_plan_is_kept(buyer: Buyer) -> None:
    answer = await submit_agreed(buyer.client, "/billing/checkout/card", plan="enterprise", interval="year")
    assert answer.status_code == 422
    assert "Agree to the card being stored to go on." in answer.text
    assert answer.text.count('name="plan" value="enterprise"') == 2
    assert answer.text.count('name="interval" value="year"') == 2
    assert "card_number" not in answer.text
    assert [await all_of(buyer, model) for model in (Order, Payment, CardRegistration)] == [[], [], []]


async def test_order_payment_and_consent_are_committed_before_the_form_is_shown(buyer: Buyer) -> None:
    fields = await begin_checkout(buyer)
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
    answer = await submit_agreed(buyer.client, "/billing/checkout/card", **CHOICE)
    form = re.search(r"<form[^>]*card-entry.*?</form>", answer.text, re.DOTALL)
    assert form is not None
    assert 'action="https://gateway.invalid/odeme"' in form[0]
    assert "_csrf_token" not in form[0]
    assert "card_number" not in answer.text.replace(form[0], "")
    policy = answer.headers["content-security-policy"]
    assert "form-action 'self' http://127.0.0.1:9;" in policy
    assert "frame-src 'none';" in policy


async def test_the_checkout_offers_it_beside_the_frame(buyer: Buyer) -> None:
    answer = await submit_agreed(buyer.client, "/billing/checkout", plan="team", interval="year")
    assert 'id="paytriframe"' in answer.text
    offer = re.search(r'<details[^>]*id="keep-card".*?</details>', answer.text, re.DOTALL)
    assert offer is not None
    for part in ('action="/billing/checkout/card"', 'name="interval" value="year"', 'name="consent"'):
        assert part in offer[0]
    assert "form-action 'self';" in answer.headers["content-security-policy"]


async def test_no_token_is_in_a_page_a_row_a_message_the_audit_or_the_log(
    buyer: Buyer, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("debug", as_json=True)
    try:
        oid = (await begin_checkout(buyer))["merchant_oid"]
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
    oid = (await begin_checkout(buyer))["merchant_oid"]
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
    oid = (await begin_checkout(buyer))["merchant_oid"]
    assert (await buyer.client.get(f"/billing/cards/registrations/{oid}")).status_code == 404
    async with buyer.resources.session_maker() as session:
        assert await states_of(session, [oid]) == {oid: "created"}


async def test_a_developer_cannot_pay_this_way_either(application: Litestar, buyer: Buyer) -> None:
    developer = await add_member(buyer.resources.session_maker, buyer.customer, Role.DEVELOPER)
    async with browser(application) as client:
        await developer.log_in(client)
        assert (await submit_agreed(client, "/billing/checkout/card", **CHOICE)).status_code == 403
    assert await all_of(buyer, Payment) == []


async def test_beside_an_undecided_charge_there_is_no_form_but_a_sentence(buyer: Buyer) -> None:
    resources = buyer.resources
    checkout = await start_checkout(resources.session_maker, buyer.customer)
    await report(buyer, checkout.payment.merchant_oid, 0, status="failed", failed_reason_code="2")
    card = await add_card(resources, buyer.customer)
    async with unit_of_work(resources.session_maker) as session:
        await request_charge(session, order_id=checkout.order.id, card_id=card.id, at=now())
    answer = await submit_agreed(buyer.client, "/billing/checkout/card", **CHOICE)
    assert answer.status_code == 409
    assert "A payment for this order is under way." in answer.text
    assert await all_of(buyer, CardRegistration) == []


async def test_cards_are_not_tried_by_the_dozen_this_way_either(buyer: Buyer) -> None:
    for _ in range(5):
        await begin_checkout(buyer)
    answer = await submit_agreed(buyer.client, "/billing/checkout/card", **CHOICE)
    assert answer.status_code == 429
    assert len(await all_of(buyer, Payment)) == 5
