"""Stored cards in the browser: the consent first, the card straight to PayTR, and no token in any page."""

import re
from collections.abc import Iterator

import pytest
from litestar import Litestar
from sqlalchemy import select, text

from app.db.models import (
    AuditEntry,
    CardRegistration,
    CaseKind,
    OperatorCase,
    PaymentEvent,
    RegistrationStatus,
    Role,
)
from app.domain.accounts.legal import CARD_STORAGE
from app.lib.log import configure_logging
from app.tasks.context import Resources
from tests.cards import Buyer, make_buyer
from tests.conftest import Browser, browser
from tests.factories import add_member, callback_form, make_customer, send_callback
from tests.worker import drain

CARD_FIELDS = {"cc_owner", "card_number", "expiry_month", "expiry_year", "cvv"}


@pytest.fixture
async def buyer(resources: Resources, client: Browser) -> Buyer:
    """Somebody who is logged in."""
    return await make_buyer(resources, client)


async def test_without_a_consent_there_is_no_form_and_no_registration(buyer: Buyer) -> None:
    answer = await buyer.client.submit("/billing/cards/new")
    assert answer.status_code == 422
    assert "Agree to the card being stored to go on." in answer.text
    assert "card_number" not in answer.text
    async with buyer.resources.session_maker() as session:
        assert list(await session.scalars(select(CardRegistration))) == []


async def test_the_consent_is_kept_with_version_time_address_and_person(buyer: Buyer) -> None:
    card = await buyer.add()
    assert card.consent_version == CARD_STORAGE.version
    assert card.consent_address == "203.0.113.7"
    assert card.added_by_id == buyer.customer.user.id
    registration = (await buyer.registrations())[0]
    assert card.consented_at == registration.consented_at
    assert (registration.consent_version, registration.started_by_id) == (
        card.consent_version,
        buyer.customer.user.id,
    )


async def test_the_card_is_typed_into_a_form_that_leads_to_paytr_alone(buyer: Buyer) -> None:
    answer = await buyer.client.submit("/billing/cards/new", consent="yes")
    form = re.search(r"<form[^>]*card-entry.*?</form>", answer.text, re.DOTALL)
    assert form is not None
    assert 'action="https://gateway.invalid/odeme"' in form[0]
    assert "_csrf_token" not in form[0]
    assert "hx-" not in form[0]
    assert set(re.findall(r'<(?:input|select) class="[^"]*" id="\w+" name="(\w+)"', form[0])) == CARD_FIELDS
    for hint in ("cc-name", "cc-number", "cc-exp-month", "cc-exp-year", "cc-csc"):
        assert f'autocomplete="{hint}"' in form[0]
    assert 'name="store_card" value="1"' in form[0]
    assert 'name="payment_amount" value="1.00"' in form[0]
    outside = answer.text.replace(form[0], "")
    assert not [name for name in CARD_FIELDS if f'name="{name}"' in outside]


async def test_the_registration_is_committed_before_the_form_is_shown(buyer: Buyer) -> None:
    oid = (await buyer.begin())["merchant_oid"]
    registration = await buyer.registration(oid)
    assert (registration.status, registration.amount) == (RegistrationStatus.WAITING, 100)


async def test_the_form_alone_may_post_to_paytr(buyer: Buyer) -> None:
    policies = {
        path: (await buyer.client.get(path)).headers["content-security-policy"]
        for path in ("/billing/cards/new", "/billing/cards", "/billing", "/billing/cards/return/ok")
    }
    assert "form-action 'self' http://127.0.0.1:9;" in policies.pop("/billing/cards/new")
    assert all("form-action 'self';" in policy for policy in policies.values())


async def test_a_further_card_joins_the_first_at_paytr(buyer: Buyer) -> None:
    assert "utoken" not in await buyer.begin()
    await buyer.add()
    fields = await buyer.begin()
    assert fields["utoken"] in buyer.gateway.cards


async def test_no_token_is_in_a_page_a_row_a_message_or_the_audit(buyer: Buyer) -> None:
    card = await buyer.add()
    ((user_token, kept),) = buyer.gateway.cards.items()
    (card_token,) = kept
    (registration,) = await buyer.registrations()
    pages = [
        (await buyer.client.get(path)).text
        for path in (
            "/billing",
            "/billing/cards",
            "/billing/cards?block=card_list",
            f"/billing/cards/registrations/{registration.merchant_oid}",
        )
    ]
    async with buyer.resources.session_maker() as session:
        events = list(await session.scalars(select(PaymentEvent)))
        audit = list(await session.scalars(select(AuditEntry)))
        rows = list(await session.scalars(text("SELECT c::text FROM stored_cards c")))
        rows += list(await session.scalars(text("SELECT r::text FROM card_registrations r")))
    assert len(events) == 1
    assert len(rows) == 2
    said = [*pages, *rows, *(str(event.payload) for event in events), *(str(entry.facts) for entry in audit)]
    for token in (user_token, card_token):
        assert [one for one in said if token in one] == []
    assert repr(card).find(card_token) == -1


async def test_the_state_of_adding_a_card_is_shown_and_follows(buyer: Buyer) -> None:
    oid = (await buyer.begin())["merchant_oid"]
    address = f"/billing/cards/registrations/{oid}"
    assert "Being checked" in (await buyer.client.get(address)).text
    await send_callback(buyer.client, callback_form(oid, 0, status="failed", failed_reason_code="2"))
    declined = (await buyer.client.get(address)).text
    assert "The card was not stored" in declined
    assert "The code from your bank was not entered correctly." in declined
    user_token, card_token = buyer.gateway.keep_card()
    await buyer.confirm(oid, utoken=user_token, ctoken=card_token)
    assert "Being checked" in (await buyer.client.get(address)).text
    await drain(buyer.resources)
    stored = (await buyer.client.get(address)).text
    assert "The card ending in 4358 is stored" in stored
    assert "₺1.00</span> was given back" in stored or "₺1.00 was given back" in stored


async def test_a_card_that_needs_its_code_is_shown_as_unfit_with_what_to_do(buyer: Buyer) -> None:
    card = await buyer.add(requires_cvv=True)
    page = (await buyer.client.get("/billing/cards")).text
    assert card.requires_cvv
    assert "Needs its security code" in page
    assert "it cannot pay for renewals without you" in page


async def test_the_list_explains_itself_while_it_is_empty(buyer: Buyer) -> None:
    page = (await buyer.client.get("/billing/cards")).text
    assert "No card is kept" in page
    assert 'href="/billing/cards/new"' in page


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_way_back_knows_nobody_and_shows_nothing(
    application: Litestar, buyer: Buyer, method: str
) -> None:
    oid = (await buyer.begin())["merchant_oid"]
    async with browser(application) as paytr:
        answer = await paytr.request(
            method,
            f"/billing/cards/return/fail?oid={oid}",
            data={"fail_message": "<b>declined</b> 4355"} if method == "POST" else None,
        )
    assert answer.status_code == 200
    assert f'content="0;url=/billing/cards/registrations/{oid}"' in answer.text
    assert "declined" not in answer.text
    assert "set-cookie" not in answer.headers
    assert buyer.customer.company.name not in answer.text
    assert (await buyer.registration(oid)).status is RegistrationStatus.WAITING


async def test_the_way_back_leads_nowhere_else(client: Browser) -> None:
    answer = await client.get("/billing/cards/return/ok", params={"oid": '"><script>//evil.example'})
    assert 'content="0;url=/billing/cards"' in answer.text
    assert "evil" not in answer.text


async def test_the_default_can_be_changed_by_form_and_by_put(buyer: Buyer) -> None:
    first, second = await buyer.add(), await buyer.add(last_four="5403")
    assert [(card.id, card.is_default) for card in await buyer.cards()] == [
        (first.id, True),
        (second.id, False),
    ]
    answer = await buyer.client.submit(f"/billing/cards/{second.id}/default")
    assert (answer.status_code, answer.headers["location"]) == (303, "/billing/cards")
    assert [card.is_default for card in await buyer.cards()] == [False, True]
    await buyer.client.request_form("PUT", f"/billing/cards/{first.id}/default", {})
    assert [card.is_default for card in await buyer.cards()] == [True, False]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/billing/cards/{id}/default"),
        ("PUT", "/billing/cards/{id}/default"),
        ("POST", "/billing/cards/{id}/removal"),
        ("DELETE", "/billing/cards/{id}"),
    ],
)
async def test_another_companys_card_is_not_found(
    application: Litestar, buyer: Buyer, method: str, path: str
) -> None:
    card = await buyer.add()
    stranger = await make_customer(buyer.resources.session_maker, name="Başka Şirket")
    async with browser(application) as client:
        await stranger.log_in(client)
        answer = await client.request_form(method, path.format(id=card.id), {})
    assert answer.status_code == 404
    assert (await buyer.cards())[0].removed_at is None


async def test_a_developer_sees_no_cards(application: Litestar, buyer: Buyer) -> None:
    developer = await add_member(buyer.resources.session_maker, buyer.customer, Role.DEVELOPER)
    async with browser(application) as client:
        await developer.log_in(client)
        assert (await client.get("/billing/cards")).status_code == 403
        assert (await client.submit("/billing/cards/new", consent="yes")).status_code == 403


async def test_a_removed_card_is_gone_from_the_page_at_once(buyer: Buyer) -> None:
    card = await buyer.add()
    answer = await buyer.client.submit(f"/billing/cards/{card.id}/removal")
    assert answer.status_code == 303
    assert "4358" not in (await buyer.client.get("/billing/cards")).text
    again = await buyer.client.submit(f"/billing/cards/{card.id}/removal")
    assert again.status_code == 404


async def test_cards_are_not_tried_by_the_dozen(buyer: Buyer) -> None:
    for _ in range(5):
        await buyer.begin()
    answer = await buyer.client.submit("/billing/cards/new", consent="yes")
    assert answer.status_code == 429
    assert "Several cards were tried within an hour." in answer.text
    assert 3500 < int(answer.headers["retry-after"]) <= 3601


async def test_a_callback_for_a_registration_we_do_not_know_is_a_case_and_keeps_no_token(
    buyer: Buyer,
) -> None:
    form = callback_form("TZC0000000000000000000000", 100, utoken="user-token", ctoken="card-token")
    assert (await send_callback(buyer.client, form)).text == "OK"
    async with buyer.resources.session_maker() as session:
        (event,) = await session.scalars(select(PaymentEvent))
        (case,) = await session.scalars(select(OperatorCase))
    assert (event.outcome, event.payload.keys() & {"utoken", "ctoken", "hash"}) == ("unknown_order", set())
    assert case.kind is CaseKind.UNKNOWN_ORDER


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """Everything that is logged, to the last detail."""
    configure_logging("debug", as_json=True)
    yield capsys
    configure_logging("error", as_json=True)


async def test_no_token_reaches_the_log(buyer: Buyer, log: pytest.CaptureFixture[str]) -> None:
    fields = await buyer.begin()
    user_token, card_token = buyer.gateway.keep_card()
    buyer.gateway.refund_refusal = "000"
    await buyer.confirm(fields["merchant_oid"], utoken=user_token, ctoken=card_token)
    buyer.gateway.unreachable = True
    await drain(buyer.resources)
    forged = callback_form(fields["merchant_oid"], 100, utoken=user_token, ctoken=card_token, hash="forged")
    assert (await send_callback(buyer.client, forged)).status_code == 400
    said = log.readouterr().err
    assert "card.unanswered" in said
    assert "security.callback_refused" in said
    assert [token for token in (user_token, card_token) if token in said] == []


async def test_signing_up_consents_to_no_card(buyer: Buyer) -> None:
    async with buyer.resources.session_maker() as session:
        documents = set(await session.scalars(text("SELECT document FROM legal_acceptances")))
    assert documents == {"terms", "privacy"}
