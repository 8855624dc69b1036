"""What may come in from outside: each message has its own verifier, and no shifted boundary gets through."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.billing.settlement.rules import amount_agrees
from app.domain.payments.paytr.amounts import kurus_from_lira, lira_text
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT, PaytrCredentials
from app.domain.payments.paytr.messages import PaytrCallback
from app.domain.payments.paytr.signing import (
    sign,
    verify_callback,
    verify_eft_interim_callback,
    verify_link_callback,
    verify_returned_transfer,
    verify_transfer_results,
)

FORMULAS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "paytr_vectors.json").read_text(encoding="utf-8")
)["formulas"]
Verifier = Callable[[PaytrCredentials, Mapping[str, str]], bool]


def verify_own_link(credentials: PaytrCredentials, fields: Mapping[str, str]) -> bool:
    return verify_link_callback(credentials, fields, callback_id=fields.get("callback_id", ""))


VERIFIERS: dict[str, Verifier] = {
    "callback": verify_callback,
    "link_callback": verify_own_link,
    "eft_interim_callback": verify_eft_interim_callback,
    "platform_transfer_result_callback": verify_transfer_results,
    "platform_returned_callback": verify_returned_transfer,
}
GENUINE = [
    pytest.param(name, vector, id=f"{name}-{number}")
    for name in VERIFIERS
    for number, vector in enumerate(FORMULAS[name]["vectors"])
]
OID = st.from_regex(r"[A-Za-z0-9]{2,64}", fullmatch=True)
STATUS = st.sampled_from(["success", "failed"])
KURUS = st.integers(0, 10**11).map(str)


def received(vector: dict[str, Any]) -> tuple[PaytrCredentials, dict[str, str]]:
    credentials = PaytrCredentials(vector["merchant_id"], vector["merchant_key"], vector["merchant_salt"])
    return credentials, {**vector["fields"], "hash": vector["token"]}


def panel_message(oid: str, status: str, total: str) -> dict[str, str]:
    fields = {"merchant_oid": oid, "status": status, "total_amount": total}
    return {**fields, "hash": sign("callback", SANDBOX_MERCHANT, fields)}


def test_every_inbound_formula_has_a_verifier_of_its_own() -> None:
    assert {name for name, formula in FORMULAS.items() if formula["direction"] == "inbound"} == set(VERIFIERS)


@pytest.mark.parametrize(("name", "vector"), GENUINE)
def test_a_genuine_message_is_verified_only_at_its_own_address(name: str, vector: dict[str, Any]) -> None:
    credentials, fields = received(vector)
    assert {other for other, verify in VERIFIERS.items() if verify(credentials, fields)} == {name}


@pytest.mark.parametrize(("name", "vector"), GENUINE)
def test_no_message_verifies_with_a_changed_field_or_another_key(name: str, vector: dict[str, Any]) -> None:
    credentials, fields = received(vector)
    other = PaytrCredentials(credentials.merchant_id, "another-key", credentials.merchant_salt)
    assert not VERIFIERS[name](other, fields)
    for field in vector["fields"]:
        assert not VERIFIERS[name](credentials, {**fields, field: fields[field] + "0"})
        assert not VERIFIERS[name](credentials, {key: fields[key] for key in fields if key != field})
    assert not VERIFIERS[name](credentials, {key: fields[key] for key in fields if key != "hash"})


def test_backslashes_around_transfer_results_do_no_harm() -> None:
    fields = {"trans_ids": '["T1","T2"]'}
    genuine = sign("platform_transfer_result_callback", SANDBOX_MERCHANT, fields)
    assert verify_transfer_results(SANDBOX_MERCHANT, {"trans_ids": r"[\"T1\",\"T2\"]", "hash": genuine})


def test_a_returned_transfer_of_another_merchant_is_refused() -> None:
    stranger = PaytrCredentials("999999", SANDBOX_MERCHANT.merchant_key, SANDBOX_MERCHANT.merchant_salt)
    fields = {"merchant_id": "999999", "trans_id": "T1"}
    forged = {**fields, "hash": sign("platform_returned_callback", stranger, fields)}
    assert not verify_returned_transfer(SANDBOX_MERCHANT, forged)


@given(oid=OID, status=STATUS, total=KURUS, cut=st.integers(1, 63))
def test_a_panel_hash_never_passes_for_a_link(oid: str, status: str, total: str, cut: int) -> None:
    assume(cut < len(oid))
    genuine = panel_message(oid, status, total)
    forged = {**genuine, "callback_id": oid[:cut], "merchant_oid": oid[cut:]}
    # The hash does fit the link formula: that is why the formula is never picked by a field.
    assert sign("link_callback", SANDBOX_MERCHANT, forged) == genuine["hash"]
    assert not verify_callback(SANDBOX_MERCHANT, forged)
    assert not verify_link_callback(SANDBOX_MERCHANT, forged, callback_id=f"{oid[:cut]}x")
    assert not verify_link_callback(SANDBOX_MERCHANT, {**genuine, "callback_id": ""}, callback_id="")


@given(oid=OID, status=STATUS, total=KURUS, extra=st.text(max_size=20))
def test_an_unsigned_field_changes_no_verdict(oid: str, status: str, total: str, extra: str) -> None:
    genuine = panel_message(oid, status, total)
    for name in ("callback_id", "bank", "trans_ids", "trans_id", "mode", "payment_type"):
        assert verify_callback(SANDBOX_MERCHANT, {**genuine, name: extra})


@given(total=st.from_regex(r"[1-9][0-9]{2,9}", fullmatch=True), cut=st.integers(1, 9))
def test_digits_cannot_wander_between_status_and_total(total: str, cut: int) -> None:
    assume(cut < len(total))
    shifted = {**panel_message("A1", "success", total), "status": f"success{total[:cut]}"}
    shifted["total_amount"] = total[cut:]
    # The hash fits, because nothing stands between the two; the reader refuses the status.
    assert verify_callback(SANDBOX_MERCHANT, shifted)
    with pytest.raises(ValueError, match="status"):
        PaytrCallback.from_form(shifted)


@given(amount=st.integers(1000, 10**10), cut=st.integers(1, 7))
def test_an_amount_shifted_in_the_card_form_is_caught_by_the_order(amount: int, cut: int) -> None:
    text = lira_text(amount)
    assume(cut < text.index("."))
    signed = {"email": "buyer@example.com", "payment_amount": text}
    shifted = {"email": f"buyer@example.com{text[:cut]}", "payment_amount": text[cut:]}
    other = {
        "user_ip": "203.0.113.10", "merchant_oid": "A1", "payment_type": "card", "installment_count": "0",
        "currency": "TL", "test_mode": "0", "non_3d": "0",
    }  # fmt: skip
    tokens = {sign("direct_payment", SANDBOX_MERCHANT, {**other, **form}) for form in (signed, shifted)}
    assert len(tokens) == 1
    paid = str(kurus_from_lira(shifted["payment_amount"]))
    callback = PaytrCallback.from_form({**panel_message("A1", "success", paid), "payment_amount": paid})
    assert not amount_agrees(amount, callback)
    # Nor when PayTR would report the shifted payment as one in instalments.
    in_instalments = {
        **panel_message("A1", "success", paid),
        "payment_amount": paid,
        "installment_count": "3",
    }
    assert not amount_agrees(amount, PaytrCallback.from_form(in_instalments))


@given(oid=OID, status=STATUS, total=KURUS)
def test_a_plus_in_a_hash_survives_one_decoding_and_no_second(oid: str, status: str, total: str) -> None:
    genuine = panel_message(oid, status, total)
    assume("+" in genuine["hash"])
    once = dict(parse_qsl(urlencode(genuine), strict_parsing=True))
    assert once == genuine
    assert verify_callback(SANDBOX_MERCHANT, once)
    twice = dict(parse_qsl(f"hash={once['hash']}"))
    assert " " in twice["hash"]
    assert not verify_callback(SANDBOX_MERCHANT, {**once, **twice})
