"""What is posted to PayTR, and what is read from it."""

import json
from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest

from app.domain.payments.gateway import GatewayRefused, GatewayUnreachable
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages import (
    UNKNOWN_ADDRESS,
    UNKNOWN_IP,
    UNKNOWN_PHONE,
    MalformedCallback,
    PaytrCallback,
    frame_form,
    read_inquiry,
    read_token,
    status_form,
)
from app.domain.payments.paytr.reasons import DECLINES, DeclineKind, classify
from app.domain.payments.paytr.signing import sign
from app.domain.payments.values import BasketLine, FrameRequest
from app.lib.errors import InvalidInput

REQUEST = FrameRequest(
    merchant_oid="TZG0000000000000000000A1",
    email="owner@example.com",
    amount=87000,
    currency="TRY",
    basket=(BasketLine("Tezgâh Başlangıç, aylık", 87000, 1),),
    user_ip="203.0.113.10",
    user_name="Ayşe Yılmaz",
    user_address="Kadıköy, İstanbul",
    user_phone="+90 216 000 00 00",
    ok_url="https://tezgah.example/billing/return/ok",
    fail_url="https://tezgah.example/billing/return/fail",
    language="tr",
    test_mode=True,
)
SUCCESS = {
    "merchant_oid": "TZG1",
    "status": "success",
    "total_amount": "87000",
    "payment_amount": "87000",
    "currency": "TL",
    "payment_type": "card",
    "installment_count": "1",
    "test_mode": "1",
    "merchant_id": "100000",
    "hash": "unread",
}


def form(**changes: Any) -> dict[str, str]:
    return frame_form(SANDBOX_MERCHANT, replace(REQUEST, **changes))


def test_the_form_is_signed_over_exactly_what_is_posted() -> None:
    posted = form()
    assert posted["paytr_token"] == sign("iframe_get_token", SANDBOX_MERCHANT, posted)
    assert posted["payment_amount"] == "87000"
    assert posted["currency"] == "TL"
    assert posted["no_installment"] == "1"
    assert json.loads(b64decode(posted["user_basket"])) == [["Tezgâh Başlangıç, aylık", "870.00", 1]]


def test_key_and_salt_are_never_posted() -> None:
    for posted in (form(), status_form(SANDBOX_MERCHANT, "A1")):
        text = json.dumps(posted)
        assert SANDBOX_MERCHANT.merchant_key not in text
        assert SANDBOX_MERCHANT.merchant_salt not in text


def test_long_texts_are_cut_to_the_limits() -> None:
    posted = form(user_name="Ş" * 99, user_address="a\n\tb " * 200, user_phone="5" * 30)
    assert len(posted["user_name"]) == 60
    assert len(posted["user_address"]) <= 400
    assert posted["user_address"].startswith("a b a b")
    assert len(posted["user_phone"]) == 20


def test_a_blank_is_never_sent_where_it_would_be_refused() -> None:
    posted = form(user_name=" ", user_address="\n", user_phone="")
    assert posted["user_name"] == "owner@example.com"
    assert posted["user_address"] == UNKNOWN_ADDRESS
    assert posted["user_phone"] == UNKNOWN_PHONE


@pytest.mark.parametrize("email", ["ayşe@example.com", "", "owner", "@example.com", "a@" + "b" * 98])
def test_an_address_paytr_cannot_take_is_the_buyers_to_change(email: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        form(email=email)
    assert refusal.value.field == "email"


def test_a_turkish_domain_travels_as_punycode() -> None:
    assert form(email="info@tezgâh.example")["email"] == "info@xn--tezgh-6qa.example"


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("203.0.113.10", "203.0.113.10"),
        ("::ffff:203.0.113.10", "203.0.113.10"),
        ("2001:db8::1", UNKNOWN_IP),
        ("not an address", UNKNOWN_IP),
    ],
)
def test_the_buyers_address_is_ipv4(address: str, sent: str) -> None:
    assert form(user_ip=address)["user_ip"] == sent


@pytest.mark.parametrize(
    "change",
    [
        {"merchant_oid": "TZG-1"},
        {"merchant_oid": ""},
        {"merchant_oid": "ş1"},
        {"merchant_oid": "A" * 65},
        {"amount": 0, "basket": ()},
        {"amount": 87001},
        {"ok_url": "https://tezgah.example/" + "a" * 400},
    ],
)
def test_a_request_that_could_only_be_refused_is_not_made(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"merchant_oid|amount|basket|addresses"):
        form(**change)


def test_a_success_is_read_with_iso_currency() -> None:
    callback = PaytrCallback.from_form(SUCCESS)
    assert callback.succeeded
    assert (callback.total_amount, callback.payment_amount, callback.currency) == (87000, 87000, "TRY")
    assert callback.test_mode
    assert callback.installment_count == 1


def test_unsigned_fields_may_be_absent() -> None:
    signed = {name: SUCCESS[name] for name in ("merchant_oid", "status", "total_amount")}
    callback = PaytrCallback.from_form(signed)
    assert callback.currency is None
    assert callback.payment_amount is None
    assert not callback.test_mode


def test_the_tokens_of_a_stored_card_are_read_and_never_shown() -> None:
    callback = PaytrCallback.from_form({**SUCCESS, "utoken": "u-secret", "ctoken": "c-secret"})
    assert (callback.user_token, callback.card_token) == ("u-secret", "c-secret")
    assert "secret" not in repr(callback)
    assert PaytrCallback.from_form({**SUCCESS, "utoken": ""}).user_token is None


@pytest.mark.parametrize("total", ["0", "", "87000"])
def test_a_failure_is_read_with_whatever_total_it_carries(total: str) -> None:
    callback = PaytrCallback.from_form(
        {
            "merchant_oid": "TZG1",
            "status": "failed",
            "total_amount": total,
            "failed_reason_code": "6",
            "failed_reason_msg": "Müşteri vazgeçti",
        }
    )
    assert not callback.succeeded
    assert callback.total_amount == int(total or 0)
    assert callback.failed_reason_code == "6"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("merchant_oid", ""),
        ("merchant_oid", "TZG-1"),
        ("status", "info"),
        ("status", ""),
        ("total_amount", ""),
        ("total_amount", "870.00"),
        ("total_amount", "-1"),
    ],
)
def test_a_malformed_callback_names_its_field(name: str, value: str) -> None:
    with pytest.raises(MalformedCallback) as refusal:
        PaytrCallback.from_form({**SUCCESS, name: value})
    assert refusal.value.field == name


@pytest.mark.parametrize(
    ("name", "value"), [("payment_amount", "870,00"), ("installment_count", "one"), ("test_mode", "yes")]
)
def test_an_unsigned_field_that_cannot_be_read_counts_as_missing_and_is_named(name: str, value: str) -> None:
    callback = PaytrCallback.from_form({**SUCCESS, name: value})
    without = PaytrCallback.from_form({key: text for key, text in SUCCESS.items() if key != name})
    assert replace(callback, unreadable=()) == without
    assert callback.unreadable == ((name, value),)


def test_a_token_is_read() -> None:
    assert read_token('{"status":"success","token":"abc"}') == "abc"


def test_a_refusal_keeps_paytrs_own_words() -> None:
    with pytest.raises(GatewayRefused) as refusal:
        read_token('{"status":"failed","reason":"Gecersiz istek veya magaza aktif degil"}')
    assert refusal.value.reason == "Gecersiz istek veya magaza aktif degil"


@pytest.mark.parametrize(
    "body",
    ["", "<html>", "[]", "null", '{"status":"success"}', '{"status":"success","token":""}', "[" * 9999],
)
def test_what_is_not_an_answer_leaves_the_outcome_unknown(body: str) -> None:
    for read in (read_token, read_inquiry):
        with pytest.raises(GatewayUnreachable):
            read(body)


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ('"payment_amount":"10,8","payment_total":"11,25"', (1080, 1125)),
        ('"payment_amount":"99.99","payment_total":"99.99"', (9999, 9999)),
        ('"payment_amount":99.99,"payment_total":100', (9999, 10000)),
    ],
)
def test_a_found_payment_is_read_in_every_written_form(amounts: str, expected: tuple[int, int]) -> None:
    body = f'{{"status":"success",{amounts},"currency":"TL","test_mode":"1"}}'
    inquiry = read_inquiry(body)
    assert inquiry.found
    assert (inquiry.amount, inquiry.total) == expected
    assert (inquiry.currency, inquiry.test_mode, inquiry.raw) == ("TRY", True, body)


@pytest.mark.parametrize(
    "body", ['{"status":"error","err_no":"004"}', '{"status":"failed"}', '{"err_no":"004"}']
)
def test_not_found_is_never_more_than_not_found(body: str) -> None:
    inquiry = read_inquiry(body)
    assert not inquiry.found
    assert inquiry.total is None


@pytest.mark.parametrize("number", ["001", "002", "003"])
def test_a_fault_in_our_own_question_is_a_refusal(number: str) -> None:
    with pytest.raises(GatewayRefused, match=number):
        read_inquiry(json.dumps({"status": "error", "err_no": number, "err_msg": "paytr_token"}))


def test_every_documented_card_code_has_a_sentence() -> None:
    assert set(DECLINES) == {"0", "1", "2", "3", "6", "8", "9", "10", "11", "99"}
    assert len({decline.sentence for decline in DECLINES.values()}) == len(DECLINES)
    assert all(classify(code).code == code for code in DECLINES)


@pytest.mark.parametrize("code", [None, "", "77", "İ"])
def test_an_unknown_code_goes_to_an_operator(code: str | None) -> None:
    assert classify(code).kind is DeclineKind.TECHNICAL
