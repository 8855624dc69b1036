"""get-token and durum-sorgu: every field and token checked, PayTR's own words in the answers."""

from base64 import b64encode

import httpx
import pytest

from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages import status_form
from app.domain.payments.paytr.signing import FORMULAS, SALT, sign
from app.sandbox.rules import RULES
from tests.sandbox.conftest import Sandbox

REQUIRED = (
    "user_ip",
    "merchant_oid",
    "email",
    "payment_amount",
    "user_basket",
    "no_installment",
    "max_installment",
    "user_name",
    "user_address",
    "user_phone",
    "merchant_ok_url",
    "merchant_fail_url",
)
BAD_TOKEN = "paytr_token gonderilmedi veya gecersiz (get-token)"


def bad_field(name: str) -> dict[str, str]:
    reason = f"Zorunlu alan degeri gecersiz veya gonderilmedi (get-token): {name}"
    return {"status": "failed", "reason": reason}


def basket(text: str) -> str:
    return b64encode(text.encode()).decode()


def signed(form: dict[str, str]) -> dict[str, str]:
    fields = {name: form.get(name, "") for name in FORMULAS["iframe_get_token"] if name != SALT}
    return {**form, "paytr_token": sign("iframe_get_token", SANDBOX_MERCHANT, fields)}


def ask(sandbox: Sandbox, form: dict[str, str]) -> dict[str, object]:
    answer: dict[str, object] = sandbox.http.post("/odeme/durum-sorgu", data=form).json()
    return answer


def test_a_right_form_is_granted_a_token(sandbox: Sandbox) -> None:
    answer = sandbox.get_token(sandbox.form())
    assert answer["status"] == "success"
    assert sandbox.http.get(f"/odeme/guvenli/{answer['token']}").status_code == 200


def test_a_multipart_form_is_read_like_any_other(sandbox: Sandbox) -> None:
    parts = {name: (None, value) for name, value in sandbox.form().items()}
    assert httpx.post(f"{sandbox.url}/odeme/api/get-token", files=parts).json()["status"] == "success"


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", ["", " ", None])
def test_a_missing_field_is_named(sandbox: Sandbox, name: str, value: str | None) -> None:
    form = sandbox.form()
    if value is None:
        del form[name]
    else:
        form[name] = value
    assert sandbox.get_token(signed(form)) == bad_field(name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("user_ip", "2001:db8::1"),
        ("user_ip", "999.1.1.1"),
        ("merchant_oid", "TZG-1"),
        ("merchant_oid", "Ş1"),
        ("merchant_oid", "A" * 65),
        ("email", "ayşe@example.com"),
        ("email", "owner"),
        ("email", "a" * 90 + "@example.com"),
        ("payment_amount", "870.00"),
        ("payment_amount", "0"),
        ("payment_amount", "-1"),
        ("currency", "LIRA"),
        ("user_basket", "not base64"),
        ("user_basket", basket("[]")),
        ("user_basket", basket('[["Plan",870,1]]')),
        ("user_basket", basket('[["Plan","870.00","1"]]')),
        ("user_basket", basket('[["Plan","870.00",true]]')),
        ("user_basket", basket('[["","870.00",1]]')),
        ("user_basket", basket('[["Plan","870.001",1]]')),
        ("user_basket", basket('{"name":"Plan"}')),
        ("no_installment", "2"),
        ("max_installment", "1"),
        ("max_installment", "13"),
        ("user_name", "A" * 61),
        ("user_address", "A" * 401),
        ("user_phone", "5" * 21),
        ("merchant_ok_url", "/billing/return/ok"),
        ("merchant_fail_url", "https://example.com/" + "a" * 400),
        ("test_mode", "yes"),
        ("debug_on", "2"),
        ("timeout_limit", "0"),
        ("lang", "de"),
    ],
)
def test_a_wrong_value_is_refused_by_name_even_when_signed(sandbox: Sandbox, name: str, value: str) -> None:
    assert sandbox.get_token(signed(sandbox.form(**{name: value}))) == bad_field(name)


def test_the_table_above_covers_every_rule() -> None:
    assert set(REQUIRED) == {rule.name for rule in RULES if rule.required}


@pytest.mark.parametrize(
    "name", [name for name in FORMULAS["iframe_get_token"] if name not in {SALT, "merchant_id"}]
)
def test_any_signed_field_changed_after_signing_breaks_the_token(sandbox: Sandbox, name: str) -> None:
    changed = {
        "user_ip": "203.0.113.11",
        "merchant_oid": "OTHER1",
        "email": "other@example.com",
        "payment_amount": "87001",
        "user_basket": basket('[["Plan","870.00",2]]'),
        "no_installment": "0",
        "max_installment": "2",
        "currency": "TRY",
        "test_mode": "0",
    }
    assert sandbox.get_token(sandbox.form(**{name: changed[name]})) == {
        "status": "failed",
        "reason": BAD_TOKEN,
    }


@pytest.mark.parametrize("token", ["", "forged", "İ"])
def test_a_missing_or_forged_token_is_refused(sandbox: Sandbox, token: str) -> None:
    assert sandbox.get_token(sandbox.form(paytr_token=token)) == {"status": "failed", "reason": BAD_TOKEN}


def test_an_unknown_merchant_is_refused(sandbox: Sandbox) -> None:
    answer = sandbox.get_token(sandbox.form(merchant_id="999999"))
    assert answer == {"status": "failed", "reason": "Gecersiz istek veya magaza aktif degil"}


def test_unsigned_optional_fields_may_be_left_out(sandbox: Sandbox) -> None:
    form = sandbox.form()
    for name in ("debug_on", "timeout_limit", "lang"):
        del form[name]
    assert sandbox.get_token(form)["status"] == "success"


def test_a_left_out_test_mode_is_signed_as_empty_text(sandbox: Sandbox) -> None:
    form = sandbox.form()
    del form["test_mode"]
    assert sandbox.get_token(form)["reason"] == BAD_TOKEN
    assert sandbox.get_token(signed(form))["status"] == "success"


def test_an_oid_is_taken_once(sandbox: Sandbox) -> None:
    form = sandbox.form()
    assert sandbox.get_token(form)["status"] == "success"
    assert sandbox.get_token(form) == bad_field("merchant_oid")


def test_unknown_open_and_declined_orders_are_one_answer(sandbox: Sandbox) -> None:
    oid, _ = sandbox.open_order()
    answers = [ask(sandbox, status_form(SANDBOX_MERCHANT, name)) for name in ("NEVERSEEN", oid)]
    sandbox.control(oid, "decline", code="0")
    answers.append(ask(sandbox, status_form(SANDBOX_MERCHANT, oid)))
    assert [answer["err_no"] for answer in answers] == ["004", "004", "004"]


@pytest.mark.parametrize(
    ("amount", "text"), [(1080, "10,8"), (87000, "870"), (100000, "1000"), (3456, "34,56"), (5, "0,05")]
)
def test_a_paid_order_is_found_in_lira_with_a_comma(sandbox: Sandbox, amount: int, text: str) -> None:
    oid, _ = sandbox.open_order(amount=amount)
    sandbox.control(oid, "pay")
    answer = ask(sandbox, status_form(SANDBOX_MERCHANT, oid))
    assert answer["status"] == "success"
    assert (answer["payment_amount"], answer["payment_total"]) == (text, text)
    assert (answer["currency"], answer["test_mode"], answer["returns"]) == ("TL", "1", [])


@pytest.mark.parametrize(
    ("change", "number"),
    [({"merchant_id": "999999"}, "001"), ({"merchant_oid": ""}, "002"), ({"paytr_token": "forged"}, "003")],
)
def test_a_wrong_question_is_told_apart(sandbox: Sandbox, change: dict[str, str], number: str) -> None:
    answer = ask(sandbox, {**status_form(SANDBOX_MERCHANT, "A1"), **change})
    assert (answer["status"], answer["err_no"]) == ("error", number)
