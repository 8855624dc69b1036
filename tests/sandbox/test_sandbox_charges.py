"""Stored cards charged by the merchant's server alone, listed and deleted."""

import pytest

from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT, PaytrCredentials
from app.domain.payments.paytr.messages.cards import card_delete_form, card_list_form
from app.domain.payments.paytr.signing import verify_callback
from tests.sandbox.conftest import Sandbox
from tests.sandbox.shop import charge, keep, listed, status_of


def test_a_charge_is_answered_and_told_by_callback(sandbox: Sandbox) -> None:
    oid, answer = charge(sandbox, keep(sandbox))
    assert answer["status"] == "success"
    assert "try_again" not in answer
    view = sandbox.delivered(oid)
    assert (view["state"], view["channel"], view["total_amount"]) == ("paid", "recurring", 87000)
    assert verify_callback(SANDBOX_MERCHANT, sandbox.receiver.received[oid][0])


@pytest.mark.parametrize(("last_four", "charges"), [("9100", 0), ("9101", 1), ("9103", 3)])
def test_a_card_closes_after_its_number_of_charges(sandbox: Sandbox, last_four: str, charges: int) -> None:
    card = keep(sandbox, last_four)
    answers = [charge(sandbox, card)[1] for _ in range(charges + 1)]
    assert [answer["status"] for answer in answers] == ["success"] * charges + ["failed"]
    assert answers[-1]["try_again"] is False


@pytest.mark.parametrize("last_four", ["9700", "9300", "9200"])
def test_a_card_that_cannot_be_charged_silently_is_no_use_again(sandbox: Sandbox, last_four: str) -> None:
    oid, answer = charge(sandbox, keep(sandbox, last_four))
    assert (answer["status"], answer["try_again"]) == ("failed", False)
    (callback,) = sandbox.delivered(oid)["callbacks"]
    assert callback["form"]["status"] == "failed"


def test_a_busy_card_asks_to_be_tried_again_under_a_new_oid(sandbox: Sandbox) -> None:
    card = keep(sandbox, "9402")
    answers = [charge(sandbox, card)[1] for _ in range(3)]
    assert [answer["status"] for answer in answers] == ["failed", "failed", "success"]
    assert [answer.get("try_again") for answer in answers] == [True, True, None]


@pytest.mark.parametrize(("last_four", "state"), [("9500", "paid"), ("9501", "declined")])
def test_a_charge_left_waiting_is_decided_by_callback(sandbox: Sandbox, last_four: str, state: str) -> None:
    oid, answer = charge(sandbox, keep(sandbox, last_four))
    assert answer["status"] == "wait_callback"
    assert status_of(sandbox, oid)["err_no"] == "004"
    assert sandbox.delivered(oid)["state"] == state


def test_a_used_oid_is_refused_and_charges_nothing(sandbox: Sandbox) -> None:
    card = keep(sandbox)
    oid, _ = charge(sandbox, card)
    _, answer = charge(sandbox, card, merchant_oid=oid)
    assert answer["status"] == "failed"
    assert "merchant_oid" in answer["err_msg"]
    assert len(sandbox.delivered(oid)["callbacks"]) == 1


def test_a_charge_with_3d_is_refused(sandbox: Sandbox) -> None:
    _, answer = charge(sandbox, keep(sandbox), non_3d="0")
    assert answer["err_msg"].endswith(": non_3d")


def test_a_charge_with_a_wrong_token_says_nothing_about_the_card(sandbox: Sandbox) -> None:
    card = keep(sandbox)
    oid, _ = charge(sandbox, card)
    form = {"merchant_id": "100000", "recurring_payment": "1", "merchant_oid": oid}
    answer = sandbox.http.post("/odeme", data=form).json()
    assert answer["status"] == "failed"
    assert "msg" not in answer


def test_an_expired_card_is_closed(sandbox: Sandbox) -> None:
    _, answer = charge(sandbox, keep(sandbox, month="01", year="20"))
    assert (answer["status"], answer["try_again"]) == ("failed", False)


def test_a_card_can_be_closed_from_a_day_on(sandbox: Sandbox) -> None:
    card = keep(sandbox)
    close = f"/control/cards/{card['ctoken']}/close"
    sandbox.http.post(close, json={"closed_from": "2999-01-01T00:00:00Z"})
    assert charge(sandbox, card)[1]["status"] == "success"
    sandbox.http.post(close, json={})
    assert charge(sandbox, card)[1]["try_again"] is False


def test_a_deleted_card_is_not_listed_charged_or_deleted_again(sandbox: Sandbox) -> None:
    kept = keep(sandbox)
    other = keep(sandbox, "5403", utoken=kept["utoken"])
    form = card_delete_form(SANDBOX_MERCHANT, user_token=kept["utoken"], card_token=kept["ctoken"])
    answers = [sandbox.http.post("/odeme/capi/delete", data=form).json() for _ in range(2)]
    assert [answer["status"] for answer in answers] == ["success", "error"]
    assert [card["ctoken"] for card in listed(sandbox, kept["utoken"])] == [other["ctoken"]]
    assert charge(sandbox, kept)[1]["try_again"] is False
    assert charge(sandbox, other)[1]["status"] == "success"


def test_an_unknown_user_has_an_empty_list(sandbox: Sandbox) -> None:
    assert listed(sandbox, "nobody") == []


@pytest.mark.parametrize(
    "change", [{"merchant_id": "999999"}, {"utoken": ""}, {"utoken": "other"}, {"paytr_token": "forged"}]
)
def test_a_wrong_question_for_cards_is_an_error(sandbox: Sandbox, change: dict[str, str]) -> None:
    form = {**card_list_form(SANDBOX_MERCHANT, keep(sandbox)["utoken"]), **change}
    answer = sandbox.http.post("/odeme/capi/list", data=form).json()
    assert answer["status"] == "error"
    assert answer["err_msg"]


def test_another_merchant_neither_sees_nor_deletes_a_card(sandbox: Sandbox) -> None:
    card = keep(sandbox)
    stranger = PaytrCredentials("100000", "another-key", "another-salt")
    form = card_delete_form(stranger, user_token=card["utoken"], card_token=card["ctoken"])
    assert sandbox.http.post("/odeme/capi/delete", data=form).json()["status"] == "error"
    assert len(listed(sandbox, card["utoken"])) == 1
