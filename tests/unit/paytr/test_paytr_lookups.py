"""Questions about cards in general: BIN and instalment rates, in every shape anybody has seen."""

import json
from decimal import Decimal
from typing import Any

import pytest

from app.domain.payments.gateway import GatewayRefused, GatewayUnreachable
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages.lookups import bin_form, rates_form, read_bin, read_rates
from app.domain.payments.paytr.signing import sign
from app.domain.payments.values import BinDetail

BIN = {
    "status": "success",
    "cardType": "credit",
    "businessCard": "n",
    "bank": "Deneme Bankası",
    "brand": "axess",
    "schema": "VISA",
    "bankCode": "0010",
    "allow_non3d": "Y",
}


def rates(**answer: Any) -> str:
    return json.dumps({"status": "success", "request_id": "R1", "max_inst_non_bus": 12, **answer})


def test_a_bin_is_asked_with_six_or_eight_digits() -> None:
    for digits in ("435508", "43550843"):
        form = bin_form(SANDBOX_MERCHANT, digits)
        assert form["paytr_token"] == sign("bin_detail", SANDBOX_MERCHANT, {"bin_number": digits})


@pytest.mark.parametrize("digits", ["", "43550", "4355084", "4355084355084358", "43550a", "٤٣٥٥٠٨"])
def test_never_more_of_a_card_is_sent_than_its_bin(digits: str) -> None:
    with pytest.raises(ValueError, match="6 or 8"):
        bin_form(SANDBOX_MERCHANT, digits)


def test_a_known_bin_is_read() -> None:
    assert read_bin(json.dumps(BIN)) == BinDetail(
        bank="Deneme Bankası",
        scheme="VISA",
        programme="axess",
        is_credit=True,
        is_business=False,
        allows_non_3d=True,
    )


def test_a_card_without_a_programme_takes_no_instalments() -> None:
    found = read_bin(json.dumps({**BIN, "brand": "none", "allow_non3d": "false", "schema": "JCB"}))
    assert found is not None
    assert (found.programme, found.allows_non_3d, found.scheme) == (None, False, "OTHER")


def test_a_foreign_card_is_unknown_and_no_error() -> None:
    assert read_bin('{"status":"failed"}') is None


def test_a_wrong_question_is_refused() -> None:
    with pytest.raises(GatewayRefused, match="yetki"):
        read_bin('{"status":"error","err_msg":"yetki"}')
    with pytest.raises(GatewayUnreachable):
        read_bin("{}")


@pytest.mark.parametrize("request_id", ["", "a" * 33, "a-b", "ş"])
def test_a_rates_question_has_a_name_paytr_takes(request_id: str) -> None:
    with pytest.raises(ValueError, match="request_id"):
        rates_form(SANDBOX_MERCHANT, request_id)


def test_a_rates_question_is_signed() -> None:
    form = rates_form(SANDBOX_MERCHANT, "R1")
    assert form["paytr_token"] == sign("installment_rates", SANDBOX_MERCHANT, form)


@pytest.mark.parametrize(
    "answer",
    [
        {"oranlar": {"world": {"taksit_2": 3.92, "taksit_12": "18,40", "tek_cekim": 1}}},
        {"rates": {"world": {"2": "3.92", "12": 18.40}}},
        {"rates": [{"world": {"taksit2": "3,92", "taksit12": "18.40"}}]},
    ],
)
def test_rates_are_read_in_every_shape_to_the_digit(answer: dict[str, Any]) -> None:
    read = read_rates(rates(**answer), "R1")
    assert read.maximum == 12
    assert {count: rate.normalize() for count, rate in read.rates["world"].items()} == {
        2: Decimal("3.92"),
        12: Decimal("18.4"),
    }


def test_no_rates_at_all_are_an_answer() -> None:
    assert read_rates(rates(oranlar=[]), "R1").rates == {}


@pytest.mark.parametrize(
    "body",
    [
        "<html>",
        rates(),
        rates(oranlar="none"),
        rates(oranlar=["world"]),
        rates(oranlar={"world": [3.92]}),
        rates(oranlar={"world": {"taksit_2": "many"}}),
        rates(oranlar={"world": {"taksit_2": "NaN"}}),
        rates(oranlar={}, request_id="R2"),
        json.dumps({"oranlar": {}}),
    ],
)
def test_what_cannot_be_read_is_no_rate(body: str) -> None:
    with pytest.raises(GatewayUnreachable):
        read_rates(body, "R1")


def test_a_missing_permission_is_a_refusal() -> None:
    with pytest.raises(GatewayRefused, match="yetkisi"):
        read_rates('{"status":"error","err_msg":"Magaza API yetkisi bulunmuyor."}', "R1")
