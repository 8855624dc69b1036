"""Cards typed in the browser: PayTR's checks, the bank's page, the way back, and the card that is kept."""

import re

import pytest

from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.signing import FORMULAS, SALT, verify_callback
from app.sandbox.callbacks import REASONS
from app.sandbox.card_rules import CARD_RULES, RULES
from app.sandbox.deck import DECK
from tests.sandbox.conftest import Sandbox, wait_for
from tests.sandbox.shop import FAIL_URL, OK_URL, TYPED, confirm, direct_form, keep, listed, pay, resigned

BAD_TOKEN = "paytr_token gonderilmedi veya gecersiz"
REQUIRED = [rule.name for rule in RULES if rule.required]


def bad_field(name: str) -> str:
    return f"Zorunlu alan degeri gecersiz veya gonderilmedi: {name}"


def failure(page: str) -> str:
    """What the page carries back to the shop."""
    assert f'action="{FAIL_URL}"' in page, page
    found = re.search(r'name="fail_message" value="([^"]+)"', page)
    assert found, page
    return found[1]


def test_a_payment_is_confirmed_on_the_banks_page_and_told_by_callback(sandbox: Sandbox) -> None:
    form = direct_form()
    answer = confirm(sandbox, form)
    assert (answer.status_code, answer.headers["location"]) == (303, OK_URL)
    view = sandbox.delivered(form["merchant_oid"])
    assert (view["state"], view["amount"], view["total_amount"]) == ("paid", 87000, 87000)
    (callback,) = sandbox.receiver.received[form["merchant_oid"]]
    assert verify_callback(SANDBOX_MERCHANT, callback)
    assert (callback["payment_amount"], callback["installment_count"]) == ("87000", "1")
    assert "utoken" not in callback


def test_nothing_is_decided_before_the_bank_asks(sandbox: Sandbox) -> None:
    form = direct_form()
    page = sandbox.http.get(pay(sandbox, form).headers["location"]).text
    assert "4358" in page
    assert "₺870.00" in page
    assert sandbox.order(form["merchant_oid"])["state"] == "open"


@pytest.mark.parametrize(
    ("answer", "code"),
    [({"sms_code": "654321"}, "2"), ({"action": "no_phone"}, "1"), ({"action": "cancel"}, "6")],
)
def test_what_goes_wrong_on_the_banks_page_has_its_code(
    sandbox: Sandbox, answer: dict[str, str], code: str
) -> None:
    form = direct_form()
    page = confirm(sandbox, form, **answer)
    assert failure(page.text) == REASONS[code]
    assert sandbox.delivered(form["merchant_oid"])["reason_code"] == code


@pytest.mark.parametrize("code", REASONS)
def test_every_decline_code_has_a_card(sandbox: Sandbox, code: str) -> None:
    form = direct_form(f"90{code.zfill(2)}")
    assert failure(confirm(sandbox, form).text) == REASONS[code]
    (callback,) = sandbox.delivered(form["merchant_oid"])["callbacks"]
    assert callback["form"]["failed_reason_code"] == code
    assert callback["form"]["total_amount"] == "0"


def test_a_second_answer_to_the_banks_page_changes_nothing(sandbox: Sandbox) -> None:
    form = direct_form()
    location = pay(sandbox, form).headers["location"]
    for _ in range(2):
        answer = sandbox.http.post(location, data={"action": "confirm", "sms_code": "123456"})
        assert answer.headers["location"] == OK_URL
    assert sandbox.http.post(location, data={"action": "cancel"}).headers["location"] == OK_URL
    assert len(sandbox.delivered(form["merchant_oid"])["callbacks"]) == 1


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", ["", " "])
def test_a_missing_field_is_named_and_nothing_is_entered(sandbox: Sandbox, name: str, value: str) -> None:
    form = direct_form()
    answer = pay(sandbox, resigned(form, **{name: value}))
    assert answer.status_code == 400
    assert bad_field(name) in answer.text
    assert sandbox.http.get(f"/control/orders/{form['merchant_oid']}").status_code == 404


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("payment_amount", "870,00"),
        ("payment_amount", "0.00"),
        ("payment_amount", "10.555"),
        ("payment_type", "eft"),
        ("installment_count", "1"),
        ("installment_count", "13"),
        ("user_basket", "W1siUGxhbiIsIjg3MC4wMCIsMV1d"),
        ("non_3d", "2"),
        ("sync_mode", "yes"),
        ("email", "ayşe@example.com"),
        ("user_ip", "2001:db8::1"),
    ],
)
def test_a_wrong_value_is_refused_by_name_even_when_signed(sandbox: Sandbox, name: str, value: str) -> None:
    assert bad_field(name) in pay(sandbox, resigned(direct_form(), **{name: value})).text


@pytest.mark.parametrize(
    "name", [name for name in FORMULAS["direct_payment"] if name not in {SALT, "merchant_id"}]
)
def test_any_signed_field_changed_after_signing_breaks_the_token(sandbox: Sandbox, name: str) -> None:
    other = {
        "user_ip": "203.0.113.11",
        "merchant_oid": "OTHER1",
        "email": "other@example.com",
        "payment_amount": "0.01",
        "payment_type": "card_points",
        "installment_count": "2",
        "currency": "USD",
        "test_mode": "1",
        "non_3d": "1",
    }
    assert BAD_TOKEN in pay(sandbox, {**direct_form(), name: other[name]}).text


@pytest.mark.parametrize("rule", CARD_RULES, ids=lambda rule: rule.name)
def test_a_card_that_cannot_be_read_leads_back_to_the_shop(sandbox: Sandbox, rule: object) -> None:
    name = getattr(rule, "name", "")
    form = {**direct_form(), name: "4355084355084359" if name == "card_number" else ""}
    assert failure(pay(sandbox, form).text) == bad_field(name)
    assert sandbox.http.get(f"/control/orders/{form['merchant_oid']}").status_code == 404


def test_an_expired_card_leads_back_to_the_shop(sandbox: Sandbox) -> None:
    assert failure(pay(sandbox, {**direct_form(), "expiry_year": "20"}).text) == bad_field("expiry_year")


def test_a_used_oid_is_refused(sandbox: Sandbox) -> None:
    form = direct_form()
    pay(sandbox, form)
    assert bad_field("merchant_oid") in pay(sandbox, form).text
    token_form = sandbox.form(merchant_oid=form["merchant_oid"])
    assert sandbox.get_token(token_form)["status"] == "failed"


def test_no_page_and_no_view_shows_a_card_number(sandbox: Sandbox) -> None:
    form = direct_form(store=True)
    page = sandbox.http.get(pay(sandbox, form).headers["location"])
    shown = page.text + sandbox.http.get("/control/book").text + sandbox.http.get("/control/cards").text
    assert form["card_number"] not in shown
    assert page.headers["cache-control"] == "no-store"


def test_without_3d_the_bank_decides_at_once(sandbox: Sandbox) -> None:
    form = direct_form(non_3d="1")
    answer = pay(sandbox, form)
    assert (answer.status_code, answer.headers["location"]) == (303, OK_URL)
    assert sandbox.delivered(form["merchant_oid"])["state"] == "paid"


def test_a_card_that_needs_3d_is_declined_with_10_without_it(sandbox: Sandbox) -> None:
    assert failure(pay(sandbox, direct_form("9200", non_3d="1")).text) == REASONS["10"]
    assert confirm(sandbox, direct_form("9200")).headers["location"] == OK_URL


def test_a_card_without_a_programme_takes_no_instalments(sandbox: Sandbox) -> None:
    assert failure(confirm(sandbox, direct_form("0796", installment_count="3")).text) == REASONS["8"]
    form = direct_form("4358", installment_count="3")
    confirm(sandbox, form)
    (callback,) = sandbox.delivered(form["merchant_oid"])["callbacks"]
    assert callback["form"]["installment_count"] == "3"


def test_the_test_failure_without_3d_needs_test_mode(sandbox: Sandbox) -> None:
    real = direct_form(non_3d="1", non3d_test_failed="1", sync_mode="1")
    test = direct_form(non_3d="1", non3d_test_failed="1", sync_mode="1", test_mode="1")
    assert [pay(sandbox, form).json()["status"] for form in (real, test)] == ["success", "failed"]


def test_sync_mode_answers_json_and_the_callback_still_comes(sandbox: Sandbox) -> None:
    form = direct_form(store=True, non_3d="1", sync_mode="1")
    answer = pay(sandbox, form).json()
    assert answer["status"] == "success"
    (callback,) = sandbox.delivered(form["merchant_oid"])["callbacks"]
    assert {name: callback["form"][name] for name in ("utoken", "ctoken")} == {
        name: answer[name] for name in ("utoken", "ctoken")
    }


@pytest.mark.parametrize(("last_four", "state"), [("9500", "paid"), ("9501", "declined")])
def test_what_is_left_waiting_is_decided_later(sandbox: Sandbox, last_four: str, state: str) -> None:
    form = direct_form(last_four, non_3d="1", sync_mode="1")
    assert pay(sandbox, form).json()["status"] == "wait_callback"
    assert sandbox.order(form["merchant_oid"])["state"] == "open"
    assert sandbox.delivered(form["merchant_oid"])["state"] == state


def test_a_stored_card_comes_back_in_the_callback_and_in_the_list(sandbox: Sandbox) -> None:
    form = direct_form(store=True)
    confirm(sandbox, form)
    callback = sandbox.delivered(form["merchant_oid"])["callbacks"][0]["form"]
    (card,) = listed(sandbox, callback["utoken"])
    assert card == {
        "ctoken": callback["ctoken"],
        "last_4": "4358",
        "require_cvv": "0",
        "month": "12",
        "year": "30",
        "c_bank": "Deneme Bankası",
        "c_name": TYPED["cc_owner"],
        "c_brand": "axess",
        "c_type": "credit",
        "businessCard": "n",
        "initial": "4",
        "schema": "VISA",
    }


def test_a_declined_card_is_not_kept(sandbox: Sandbox) -> None:
    before = sandbox.http.get("/control/cards").json()
    confirm(sandbox, direct_form("9000", store=True))
    assert sandbox.http.get("/control/cards").json() == before


def test_a_second_card_joins_the_first_only_with_its_user_token(sandbox: Sandbox) -> None:
    first = keep(sandbox)
    joined, alone = direct_form("5403", store=True, utoken=first["utoken"]), direct_form("0796", store=True)
    for form in (joined, alone):
        confirm(sandbox, form)
        sandbox.delivered(form["merchant_oid"])
    assert [card["last_4"] for card in listed(sandbox, first["utoken"])] == ["4358", "5403"]


def test_an_unknown_user_token_is_refused(sandbox: Sandbox) -> None:
    assert bad_field("utoken") in pay(sandbox, direct_form(store=True, utoken="unknown")).text


def test_a_stored_card_pays_with_3d_without_its_number(sandbox: Sandbox) -> None:
    card = keep(sandbox)
    form = direct_form(utoken=card["utoken"], ctoken=card["ctoken"])
    form = {name: value for name, value in form.items() if name not in {*TYPED, "card_number"}}
    assert confirm(sandbox, form).headers["location"] == OK_URL
    view = sandbox.delivered(form["merchant_oid"])
    assert (view["state"], view["channel"]) == ("paid", "stored_card")


def test_a_stored_card_that_needs_its_cvv_asks_for_it(sandbox: Sandbox) -> None:
    card = keep(sandbox, "9300")
    assert listed(sandbox, card["utoken"])[0]["require_cvv"] == "1"
    form = direct_form(utoken=card["utoken"], ctoken=card["ctoken"])
    assert failure(pay(sandbox, {**form, "cvv": ""}).text) == bad_field("cvv")
    assert confirm(sandbox, {**form, "cvv": "000"}).headers["location"] == OK_URL


def test_a_page_of_the_bank_that_was_closed_leads_back_to_the_shop(sandbox: Sandbox) -> None:
    form = direct_form()
    location = pay(sandbox, form).headers["location"]
    sandbox.control(form["merchant_oid"], "decline", code="6")
    assert failure(sandbox.http.get(location).text) == REASONS["6"]


def test_declining_cards_decline_in_the_frame_too(sandbox: Sandbox) -> None:
    oid, token = sandbox.open_order()
    number = next(card.number for card in DECK if card.last_four == "9011")
    card = {"card_name": "A", "card_number": number, "card_expiry": "12/30", "card_code": "000"}
    sandbox.http.post(f"/odeme/guvenli/{token}", data={**card, "outcome": "approve", "action": "pay"})
    wait_for(lambda: sandbox.order(oid)["reason_code"] == "11")
