"""Cards on the wire: the form a browser posts, silent charges, the drawer of stored cards."""

import json
from dataclasses import replace
from typing import Any

import pytest

from app.domain.payments.gateway import GatewayRefused, GatewayUnreachable
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages.cards import (
    card_delete_form,
    card_list_form,
    read_cards,
    read_deletion,
)
from app.domain.payments.paytr.messages.direct import card_fields, read_charge, stored_card_form
from app.domain.payments.paytr.signing import sign
from app.domain.payments.values import BasketLine, ChargeOutcome, PaymentRequest

PAYMENT = PaymentRequest(
    merchant_oid="TZG0000000000000000000A1",
    email="owner@example.com",
    amount=87005,
    currency="TRY",
    basket=(BasketLine("Tezgâh <Başlangıç>", 87005, 1),),
    user_ip="203.0.113.10",
    user_name="Ayşe Yılmaz",
    user_address="Kadıköy, İstanbul",
    user_phone="02160000000",
    ok_url="https://tezgah.example/billing/return/ok",
    fail_url="https://tezgah.example/billing/return/fail",
    language="tr",
    test_mode=False,
)
LISTED = {
    "ctoken": "c-token-1",
    "last_4": "4358",
    "require_cvv": "0",
    "month": "05",
    "year": "28",
    "c_bank": "Deneme Bankası",
    "c_name": "axess",
    "c_brand": "axess",
    "c_type": "credit",
    "businessCard": "n",
    "initial": "4",
    "schema": "VISA",
}
CARD_FIELDS = {"cc_owner", "card_number", "expiry_month", "expiry_year", "cvv"}


def direct(**changes: Any) -> dict[str, str]:
    options = {"store_card": False, "user_token": None, **changes}
    return card_fields(SANDBOX_MERCHANT, PAYMENT, **options)


def test_the_card_form_is_in_lira_with_a_dot_and_a_plain_basket() -> None:
    form = direct()
    assert form["payment_amount"] == "870.05"
    assert json.loads(form["user_basket"]) == [["Tezgâh <Başlangıç>", "870.05", 1]]
    assert form["paytr_token"] == sign("direct_payment", SANDBOX_MERCHANT, form)
    assert (form["currency"], form["non_3d"], form["installment_count"]) == ("TL", "0", "0")


def test_no_card_field_and_no_secret_is_ever_in_a_form_of_ours() -> None:
    silent = stored_card_form(SANDBOX_MERCHANT, PAYMENT, user_token="u", card_token="c")
    for form in (direct(), direct(store_card=True, user_token="u"), silent):
        assert not form.keys() & CARD_FIELDS
        assert SANDBOX_MERCHANT.merchant_key not in form.values()
        assert SANDBOX_MERCHANT.merchant_salt not in form.values()


def test_a_card_is_kept_only_when_that_was_asked() -> None:
    assert not direct(user_token="u").keys() & {"store_card", "utoken", "ctoken"}
    first = direct(store_card=True)
    assert (first["store_card"], "utoken" in first) == ("1", False)
    assert direct(store_card=True, user_token="u")["utoken"] == "u"


def test_a_silent_charge_names_the_card_and_asks_for_no_3d() -> None:
    form = stored_card_form(SANDBOX_MERCHANT, PAYMENT, user_token="u", card_token="c")
    expected = {
        "utoken": "u",
        "ctoken": "c",
        "recurring_payment": "1",
        "non_3d": "1",
        "payment_amount": "870.05",
    }
    assert {name: form[name] for name in expected} == expected
    assert form["payment_amount"] == "870.05"
    assert form["paytr_token"] == sign("recurring_payment", SANDBOX_MERCHANT, form)


@pytest.mark.parametrize("change", [{"amount": 0, "basket": ()}, {"amount": 1}, {"merchant_oid": "TZG-1"}])
def test_a_charge_that_could_only_be_refused_is_not_made(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"amount|basket|merchant_oid"):
        replace(PAYMENT, **change)


@pytest.mark.parametrize(
    ("answer", "outcome", "may_retry"),
    [
        ({"status": "success", "msg": "ok"}, ChargeOutcome.PAID, None),
        ({"status": "success"}, ChargeOutcome.PAID, None),
        ({"status": "wait_callback", "msg": "kontrol ediliyor"}, ChargeOutcome.WAITING, None),
        ({"status": "failed", "msg": "Kart kapalı", "try_again": False}, ChargeOutcome.REFUSED, False),
        ({"status": "failed", "msg": "Kart kapalı", "try_again": "false"}, ChargeOutcome.REFUSED, False),
        ({"status": "failed", "msg": "Başka işlem", "try_again": True}, ChargeOutcome.REFUSED, True),
        ({"status": "failed", "msg": "Başka işlem", "try_again": "1"}, ChargeOutcome.REFUSED, True),
        ({"status": "failed", "msg": "?"}, ChargeOutcome.REFUSED, None),
    ],
)
def test_a_charges_answer_is_read(
    answer: dict[str, Any], outcome: ChargeOutcome, may_retry: bool | None
) -> None:
    read = read_charge(json.dumps(answer))
    assert (read.outcome, read.may_retry) == (outcome, may_retry)
    assert read.message == answer.get("msg", "")


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "error", "err_msg": "paytr_token gonderilmedi veya gecersiz"},
        {"status": "failed", "reason": "paytr_token gonderilmedi veya gecersiz"},
    ],
)
def test_a_refused_request_is_not_a_declined_card(answer: dict[str, Any]) -> None:
    with pytest.raises(GatewayRefused, match="paytr_token"):
        read_charge(json.dumps(answer))


@pytest.mark.parametrize("body", ["", "<html>3-D</html>", "[]", "{}", '{"status":"maybe","msg":"x"}'])
def test_an_unreadable_answer_leaves_a_charge_unknown(body: str) -> None:
    with pytest.raises(GatewayUnreachable):
        read_charge(body)


def test_list_and_delete_are_signed_without_the_merchant() -> None:
    listing = card_list_form(SANDBOX_MERCHANT, "u")
    deletion = card_delete_form(SANDBOX_MERCHANT, user_token="u", card_token="c")
    assert listing["paytr_token"] == sign("card_list", SANDBOX_MERCHANT, {"utoken": "u"})
    assert deletion["paytr_token"] == sign("card_delete", SANDBOX_MERCHANT, {"ctoken": "c", "utoken": "u"})
    assert listing["merchant_id"] == deletion["merchant_id"] == SANDBOX_MERCHANT.merchant_id


def test_a_listed_card_is_read_and_its_token_hidden() -> None:
    (card,) = read_cards(json.dumps([LISTED]))
    assert (card.card_token, card.last_four) == ("c-token-1", "4358")
    assert (card.expiry_month, card.expiry_year) == (5, 2028)
    assert (card.bank, card.brand) == ("Deneme Bankası", "VISA")
    assert (card.requires_cvv, card.is_business, card.is_credit) == (False, False, True)
    assert "c-token-1" not in repr(card)


@pytest.mark.parametrize("body", ["[]", "{}", "null"])
def test_empty_json_is_a_buyer_without_cards(body: str) -> None:
    assert read_cards(body) == ()


@pytest.mark.parametrize(
    ("change", "brand"),
    [
        ({"schema": "troy"}, "TROY"),
        ({"schema": "", "initial": "5"}, "MASTERCARD"),
        ({"schema": None, "initial": 3}, "AMEX"),
        ({"schema": "JCB", "initial": "7"}, "OTHER"),
    ],
)
def test_a_brand_is_found_by_scheme_or_first_digit(change: dict[str, Any], brand: str) -> None:
    (card,) = read_cards(json.dumps([{**LISTED, **change}]))
    assert card.brand == brand


@pytest.mark.parametrize("value", ["1", 1, True, "", None, "?"])
def test_a_card_that_may_need_its_cvv_is_not_counted_on(value: object) -> None:
    (card,) = read_cards(json.dumps([{**LISTED, "require_cvv": value}]))
    assert card.requires_cvv


@pytest.mark.parametrize(
    "body",
    [
        "",
        '"none"',
        '{"cards": []}',
        "[1]",
        json.dumps([LISTED, {**LISTED, "ctoken": ""}]),
        json.dumps([{**LISTED, "month": "13"}]),
        json.dumps([{**LISTED, "year": None}]),
    ],
)
def test_a_card_that_cannot_be_read_never_looks_removed(body: str) -> None:
    with pytest.raises(GatewayUnreachable):
        read_cards(body)


def test_a_refused_list_keeps_paytrs_words() -> None:
    with pytest.raises(GatewayRefused, match="yetki"):
        read_cards('{"status":"error","err_msg":"yetki yok"}')


def test_a_removal_is_read() -> None:
    assert read_deletion('{"status":"success"}') is None
    assert read_deletion('{"status":"error","err_msg":"Kart bulunamadi"}') == "Kart bulunamadi"
    for body in ("", "[]", "{}", '{"status":"?"}'):
        with pytest.raises(GatewayUnreachable):
            read_deletion(body)
