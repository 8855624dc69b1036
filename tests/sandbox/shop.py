"""What a merchant's pages and server send about cards, made by the real client's own messages."""

from typing import Any

import httpx

from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages import cards, refund, status
from app.domain.payments.paytr.messages.direct import card_fields, stored_card_form
from app.domain.payments.paytr.signing import sign
from app.domain.payments.values import BasketLine, PaymentRequest
from app.lib.ids import random_reference
from app.sandbox.deck import DECK
from tests.sandbox.conftest import Sandbox

OK_URL = "http://127.0.0.1:9/cards/return/ok"
FAIL_URL = "http://127.0.0.1:9/cards/return/fail"
TYPED = {"cc_owner": "Ayşe Yılmaz", "expiry_month": "12", "expiry_year": "30", "cvv": "000"}


def number_ending(last_four: str) -> str:
    """The test card with these last four digits."""
    return next(card.number.replace(" ", "") for card in DECK if card.last_four == last_four)


def card_payment(**changes: Any) -> PaymentRequest:
    """A right payment with an oid of its own."""
    amount = changes.pop("amount", 87000)
    facts: dict[str, Any] = {
        "merchant_oid": random_reference("CRD"),
        "email": "owner@example.com",
        "amount": amount,
        "currency": "TRY",
        "basket": (BasketLine("Tezgâh Başlangıç, aylık", amount, 1),),
        "user_ip": "203.0.113.10",
        "user_name": "Ayşe Yılmaz",
        "user_address": "Kadıköy, İstanbul",
        "user_phone": "02160000000",
        "ok_url": OK_URL,
        "fail_url": FAIL_URL,
        "language": "en",
        "test_mode": False,
    }
    return PaymentRequest(**{**facts, **changes})


def resigned(form: dict[str, str], **changes: str) -> dict[str, str]:
    """The form with other fields, signed over what it says now."""
    changed = {**form, **changes}
    return {**changed, "paytr_token": sign("direct_payment", SANDBOX_MERCHANT, changed)}


def direct_form(last_four: str = "4358", *, store: bool = False, **changes: str) -> dict[str, str]:
    """What a browser posts with a typed card; `changes` are signed."""
    form = card_fields(SANDBOX_MERCHANT, card_payment(), store_card=store, user_token=None)
    return resigned({**form, **TYPED, "card_number": number_ending(last_four)}, **changes)


def pay(sandbox: Sandbox, form: dict[str, str]) -> httpx.Response:
    """Post to the payment address as a browser does, following nothing."""
    return sandbox.http.post("/odeme", data=form)


def confirm(sandbox: Sandbox, form: dict[str, str], **fields: str) -> httpx.Response:
    """Pay with 3-D Secure: post the card, then answer the bank's page."""
    page = pay(sandbox, form)
    assert page.status_code == 303, page.text
    return sandbox.http.post(
        page.headers["location"], data={"action": "confirm", "sms_code": "123456", **fields}
    )


def keep(sandbox: Sandbox, last_four: str = "4358", **facts: str) -> dict[str, Any]:
    """Put a test card into the sandbox's book and return its tokens."""
    answer = sandbox.http.post("/control/cards", json={"number": number_ending(last_four), **facts})
    assert answer.status_code == 201, answer.text
    card: dict[str, Any] = answer.json()
    return card


def charge(sandbox: Sandbox, card: dict[str, Any], **changes: str) -> tuple[str, dict[str, Any]]:
    """Charge a stored card from the server; return the oid and the answer."""
    form = stored_card_form(
        SANDBOX_MERCHANT, card_payment(), user_token=card["utoken"], card_token=card["ctoken"]
    )
    form = resigned(form, **changes)
    answer: dict[str, Any] = sandbox.http.post("/odeme", data=form).json()
    return form["merchant_oid"], answer


def listed(sandbox: Sandbox, utoken: str) -> Any:
    return sandbox.http.post("/odeme/capi/list", data=cards.card_list_form(SANDBOX_MERCHANT, utoken)).json()


def give_back(
    sandbox: Sandbox, oid: str, amount: int, reference: str = "R1", **changes: str
) -> dict[str, Any]:
    form = refund.refund_form(SANDBOX_MERCHANT, merchant_oid=oid, amount=amount, reference=reference)
    answer: dict[str, Any] = sandbox.http.post("/odeme/iade", data={**form, **changes}).json()
    return answer


def status_of(sandbox: Sandbox, oid: str) -> dict[str, Any]:
    answer: dict[str, Any] = sandbox.http.post(
        "/odeme/durum-sorgu", data=status.status_form(SANDBOX_MERCHANT, oid)
    ).json()
    return answer


def sold(sandbox: Sandbox, last_four: str = "4358", **changes: str) -> str:
    """Sell something by card and wait until the merchant has confirmed it; return the oid."""
    form = direct_form(last_four, store=False, **changes)
    confirm(sandbox, form)
    sandbox.delivered(form["merchant_oid"])
    return form["merchant_oid"]
