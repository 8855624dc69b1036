"""Every published and computed vector of PayTR's signatures, and what a verifier must refuse."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT, PaytrCredentials
from app.domain.payments.paytr.signing import FORMULAS, SALT, UnsignableFields, sign, verify_callback

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "paytr_vectors.json").read_text(encoding="utf-8")
)
NEGATIVE: dict[str, Any] = {vector["name"]: vector for vector in VECTORS["negative_vectors"]}
OURS = [
    pytest.param(name, vector, id=f"{name}-{number}")
    for name, formula in VECTORS["formulas"].items()
    for number, vector in enumerate(formula["vectors"])
]
THEIRS = [
    pytest.param(vector["formula"], vector, id=f"{vector['formula']}-{number}")
    for number, vector in enumerate(VECTORS["external_vectors"])
]


def credentials_of(vector: dict[str, Any]) -> PaytrCredentials:
    return PaytrCredentials(
        vector.get("merchant_id", "123456"), vector["merchant_key"], vector["merchant_salt"]
    )


@pytest.mark.parametrize(("formula", "vector"), OURS + THEIRS)
def test_every_vector_is_reproduced(formula: str, vector: dict[str, Any]) -> None:
    assert sign(formula, credentials_of(vector), vector["fields"]) == vector["token"]


def test_the_table_holds_exactly_the_known_formulas() -> None:
    expected = {}
    for name, formula in VECTORS["formulas"].items():
        order = tuple(formula["order"])
        expected[name] = order if SALT in order else (*order, SALT)
    assert dict(FORMULAS) == expected


@pytest.mark.parametrize(
    ("formula", "vector"), [case for case in (*OURS, *THEIRS) if case.values[0] == "callback"]
)
def test_a_genuine_callback_is_verified(formula: str, vector: dict[str, Any]) -> None:
    assert verify_callback(credentials_of(vector), {**vector["fields"], "hash": vector["token"]})


def test_a_plus_that_became_a_blank_is_refused() -> None:
    vector = NEGATIVE["callback_hash_plus_turned_into_space"]
    credentials = credentials_of(vector)
    assert verify_callback(credentials, {**vector["fields"], "hash": vector["good_hash"]})
    assert not verify_callback(credentials, {**vector["fields"], "hash": vector["bad_hash"]})


def test_a_shifted_callback_id_is_refused_by_the_panel_verifier() -> None:
    vector = NEGATIVE["callback_id_boundary_shift"]
    credentials = credentials_of(vector)
    assert sign("link_callback", credentials, vector["forged"]) == vector["same_hash"]
    assert verify_callback(credentials, {**vector["genuine"], "hash": vector["same_hash"]})
    assert not verify_callback(credentials, {**vector["forged"], "hash": vector["same_hash"]})


def test_the_direct_token_alone_does_not_protect_the_amount() -> None:
    # Known and unavoidable: this is why settlement compares the callback with the stored order.
    vector = NEGATIVE["direct_form_boundary_shift"]
    credentials = credentials_of(vector)
    for form in (vector["signed"], vector["shifted"]):
        assert sign("direct_payment", credentials, {**vector["other_fields"], **form}) == vector["same_token"]


def test_the_salt_at_the_end_does_not_verify_a_callback() -> None:
    vector = NEGATIVE["request_formula_used_for_callback"]
    assert not verify_callback(credentials_of(vector), {**vector["fields"], "hash": vector["wrong_hash"]})


def test_the_currency_is_signed_as_it_is_written() -> None:
    # The vector publishes its two tokens but not the other fields; what it teaches is that they differ.
    vector = NEGATIVE["currency_TRY_vs_TL"]
    fields = VECTORS["formulas"]["iframe_get_token"]["vectors"][0]["fields"]
    tokens = {
        currency: sign("iframe_get_token", credentials_of(vector), {**fields, "currency": currency})
        for currency in ("TL", "TRY")
    }
    assert tokens["TL"] != tokens["TRY"]
    assert vector["token_TL"] != vector["token_TRY"]


@pytest.mark.parametrize("name", ["merchant_oid", "status", "total_amount", "hash"])
def test_a_callback_that_lacks_a_field_is_refused(name: str) -> None:
    fields = {"merchant_oid": "A1", "status": "success", "total_amount": "100"}
    fields["hash"] = sign("callback", SANDBOX_MERCHANT, fields)
    assert verify_callback(SANDBOX_MERCHANT, fields)
    del fields[name]
    assert not verify_callback(SANDBOX_MERCHANT, fields)


def test_a_hash_outside_ascii_is_refused_and_does_not_raise() -> None:
    fields = {"merchant_oid": "A\ud800", "status": "success", "total_amount": "100"}
    assert not verify_callback(SANDBOX_MERCHANT, {**fields, "hash": "İ\udfff"})


def test_a_missing_signed_field_is_named() -> None:
    with pytest.raises(UnsignableFields, match="merchant_oid"):
        sign("status_query", SANDBOX_MERCHANT, {})


@given(
    oid=st.from_regex(r"[A-Za-z0-9]{1,64}", fullmatch=True),
    status=st.sampled_from(["success", "failed"]),
    amount=st.integers(0, 10**11).map(str),
)
def test_a_hash_survives_exactly_one_form_round_trip(oid: str, status: str, amount: str) -> None:
    fields = {"merchant_oid": oid, "status": status, "total_amount": amount}
    fields["hash"] = sign("callback", SANDBOX_MERCHANT, fields)
    once = dict(parse_qsl(urlencode(fields)))
    assert verify_callback(SANDBOX_MERCHANT, once)
    decoded_twice = {**once, "hash": dict(parse_qsl(f"hash={once['hash']}"))["hash"]}
    assert verify_callback(SANDBOX_MERCHANT, decoded_twice) == ("+" not in once["hash"])


@given(position=st.integers(0, 42), fields=st.just(("A1", "success", "100")))
def test_no_single_changed_character_verifies(position: int, fields: tuple[str, str, str]) -> None:
    form = dict(zip(("merchant_oid", "status", "total_amount"), fields, strict=True))
    genuine = sign("callback", SANDBOX_MERCHANT, form)
    other = "A" if genuine[position] != "A" else "B"
    assert not verify_callback(
        SANDBOX_MERCHANT, {**form, "hash": genuine[:position] + other + genuine[position + 1 :]}
    )


def test_key_and_salt_never_appear_in_a_repr() -> None:
    shown = f"{SANDBOX_MERCHANT!r} {SANDBOX_MERCHANT}"
    assert SANDBOX_MERCHANT.merchant_id in shown
    assert SANDBOX_MERCHANT.merchant_key not in shown
    assert SANDBOX_MERCHANT.merchant_salt not in shown


def test_stray_blanks_around_credentials_do_no_harm() -> None:
    assert PaytrCredentials(" 1\n", "key\n", "\tsalt") == PaytrCredentials("1", "key", "salt")


@pytest.mark.parametrize("position", range(3))
def test_an_empty_credential_is_refused(position: int) -> None:
    values = ["1", "key", "salt"]
    values[position] = " \n"
    with pytest.raises(ValueError, match="is empty"):
        PaytrCredentials(*values)
