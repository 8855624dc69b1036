"""Refunds on the wire, and what the status query tells of them."""

import json
from typing import Any

import pytest

from app.domain.payments.gateway import GatewayUnreachable, RefundRefused
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages.refund import REFUND_ERRORS, TEMPORARY, read_refund, refund_form
from app.domain.payments.paytr.messages.status import read_inquiry
from app.domain.payments.paytr.signing import sign
from app.domain.payments.values import Returned

PAID = {"status": "success", "payment_amount": "870", "payment_total": "870", "currency": "TL"}


def inquiry(**more: Any) -> str:
    return json.dumps({**PAID, **more})


def test_a_refund_is_ordered_in_lira_under_its_reference() -> None:
    form = refund_form(SANDBOX_MERCHANT, merchant_oid="A1", amount=1005, reference="REF1")
    assert (form["return_amount"], form["reference_no"]) == ("10.05", "REF1")
    assert form["paytr_token"] == sign("refund", SANDBOX_MERCHANT, form)


@pytest.mark.parametrize(
    ("amount", "reference"), [(0, "R"), (-1, "R"), (1, ""), (1, "R-1"), (1, "R" * 65), (1, "Ş")]
)
def test_a_refund_that_could_not_be_found_again_is_not_sent(amount: int, reference: str) -> None:
    with pytest.raises(ValueError, match=r"amount|reference"):
        refund_form(SANDBOX_MERCHANT, merchant_oid="A1", amount=amount, reference=reference)


@pytest.mark.parametrize("text", ["10.05", "10,05"])
def test_a_taken_refund_is_read_to_the_kurus(text: str) -> None:
    for is_test in ("0", "1", 1):
        answer = read_refund(json.dumps({"status": "success", "return_amount": text, "is_test": is_test}))
        assert (answer.amount, answer.is_test) == (1005, str(is_test) == "1")


@pytest.mark.parametrize("code", REFUND_ERRORS)
def test_every_documented_refusal_is_told_apart(code: str) -> None:
    with pytest.raises(RefundRefused) as refusal:
        read_refund(json.dumps({"status": "error", "err_no": code, "err_msg": "PayTR says"}))
    assert (refusal.value.code, refusal.value.reason) == (code, "PayTR says")
    assert refusal.value.is_temporary == (code in {"000", "007", "010"})


def test_only_what_waiting_can_mend_is_temporary() -> None:
    assert REFUND_ERRORS.keys() > TEMPORARY


@pytest.mark.parametrize(
    ("number", "code"), [(7, "007"), ("0", "000"), ("BLK", "BLK"), (None, ""), ("555", "555")]
)
def test_a_number_in_another_form_is_still_that_number(number: Any, code: str) -> None:
    with pytest.raises(RefundRefused) as refusal:
        read_refund(json.dumps({"status": "error", "err_no": number}))
    assert refusal.value.code == code
    assert refusal.value.reason
    assert refusal.value.is_temporary == (code in TEMPORARY)


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"status":"success"}', '{"status":"success","return_amount":"much"}']
)
def test_an_unreadable_answer_leaves_a_refund_unknown(body: str) -> None:
    with pytest.raises(GatewayUnreachable):
        read_refund(body)


def test_what_is_left_and_what_it_cost_is_read() -> None:
    read = read_inquiry(inquiry(net_tutar="843,99", kesinti_tutari="26.01"))
    assert (read.net, read.commission) == (84399, 2601)


@pytest.mark.parametrize("strange", [None, "", "-5", "?"])
def test_a_strange_deduction_hides_no_payment(strange: Any) -> None:
    read = read_inquiry(inquiry(net_tutar=strange, kesinti_tutari=strange))
    assert read.found
    assert (read.net, read.commission) == (None, None)


def test_returns_are_found_by_reference_in_every_form() -> None:
    row = {"return_amount": "10,8", "reference_no": "REF1", "return_date": "2026-01-01"}
    bare = {"return_amount": "1.00"}
    expected = (Returned(1080, "REF1"), Returned(100, None))
    assert read_inquiry(inquiry(returns=[row, bare])).returns == expected
    assert read_inquiry(inquiry(returns={"0": row, "2": bare})).returns == expected


@pytest.mark.parametrize("nothing", [[], {}, None, ""])
def test_no_returns_are_none(nothing: Any) -> None:
    assert read_inquiry(inquiry(returns=nothing)).returns == ()
    assert read_inquiry(inquiry()).returns == ()


@pytest.mark.parametrize("returns", ["soon", [1], [{}], [{"return_amount": "1.234"}], 5])
def test_a_return_that_cannot_be_read_never_passes_for_none(returns: Any) -> None:
    with pytest.raises(GatewayUnreachable):
        read_inquiry(inquiry(returns=returns))
