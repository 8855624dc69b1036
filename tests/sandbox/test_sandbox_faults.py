"""Misbehaviour on command: every fault is seen from the merchant's side, over HTTP."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages import GET_TOKEN_PATH, STATUS_PATH, status_form
from app.domain.payments.paytr.signing import sign, verify_callback
from app.lib.ids import random_reference
from app.sandbox.faults import MEANING, Fault
from tests.sandbox.conftest import REPEAT_SECONDS, Receiver, Sandbox, running_sandbox, wait_for

SLOW_SECONDS = 0.5
REFUND_PATH = "/odeme/iade"


@pytest.fixture(scope="module")
def shop(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox that behaves unless it is told not to."""
    options = ("--slow-seconds", str(SLOW_SECONDS), "--seed", "faults")
    with running_sandbox(receiver, tmp_path_factory.mktemp("faults"), *options) as running:
        yield running


def opened(shop: Sandbox, *faults: Fault, **changes: Any) -> str:
    """Open an order that these faults strike."""
    oid = random_reference("TZG")
    shop.expect(merchant_oid=oid, faults=list(faults))
    return shop.open_order(merchant_oid=oid, **changes)[0]


def told(shop: Sandbox, oid: str, count: int) -> list[tuple[str, bool]]:
    """Return status and genuineness of the first callbacks once there are so many."""
    forms = wait_for(lambda: len(shop.receiver.received[oid]) >= count and shop.receiver.received[oid])
    return [(form["status"], verify_callback(SANDBOX_MERCHANT, form)) for form in forms]


def at_rest(shop: Sandbox, oid: str) -> dict[str, Any]:
    """Return an order once nothing more is on its way."""
    view: dict[str, Any] = wait_for(
        lambda: (view := shop.order(oid)) and not any(call["owed"] for call in view["callbacks"]) and view
    )
    time.sleep(REPEAT_SECONDS * 3)
    return view


def status(shop: Sandbox, oid: str) -> dict[str, Any]:
    answer = shop.http.post(STATUS_PATH, data=status_form(SANDBOX_MERCHANT, oid))
    found: dict[str, Any] = answer.json()
    return found


def refund(shop: Sandbox, oid: str, amount: str, reference: str) -> httpx.Response:
    form = {"merchant_id": "100000", "merchant_oid": oid, "return_amount": amount}
    token = sign("refund", SANDBOX_MERCHANT, form)
    return shop.http.post(REFUND_PATH, data={**form, "paytr_token": token, "reference_no": reference})


def test_every_fault_is_explained(shop: Sandbox) -> None:
    listed = shop.http.get("/control/faults").json()
    assert {fault["name"] for fault in listed["faults"]} == {fault.value for fault in Fault}
    assert MEANING.keys() == set(Fault)
    page = shop.http.get("/faults").text
    assert all(f"<code>{fault}</code>" in page for fault in Fault)


def test_a_callback_can_arrive_before_the_answer_to_get_token(shop: Sandbox) -> None:
    oid = random_reference("TZG")
    shop.expect(merchant_oid=oid, faults=["early"])
    assert shop.get_token(signed_form(shop, oid))["status"] == "success"
    assert told(shop, oid, 1) == [("success", True)]
    assert shop.order(oid)["state"] == "paid"


def test_a_callback_can_come_again_after_its_ok(shop: Sandbox) -> None:
    oid = opened(shop, Fault.DUPLICATE)
    shop.control(oid, "pay")
    assert told(shop, oid, 2) == [("success", True)] * 2
    (callback,) = at_rest(shop, oid)["callbacks"]
    assert [attempt["answer"] for attempt in callback["attempts"]] == ["OK", "OK"]


def test_a_callback_can_come_ten_times_at_once(shop: Sandbox) -> None:
    oid = opened(shop, Fault.BURST)
    shop.control(oid, "pay")
    assert told(shop, oid, 10) == [("success", True)] * 10
    at_rest(shop, oid)
    assert len(shop.receiver.received[oid]) == 10


def test_a_burst_that_nobody_accepted_is_repeated_one_by_one(shop: Sandbox) -> None:
    oid = opened(shop, Fault.BURST)
    shop.receiver.scripts[oid] = [(503, b"busy")] * 12
    shop.control(oid, "pay")
    assert len(told(shop, oid, 13)) == 13
    assert at_rest(shop, oid)["callbacks"][0]["accepted"]


def test_a_callback_can_stay_away_for_good(shop: Sandbox) -> None:
    oid = opened(shop, Fault.NEVER)
    shop.control(oid, "pay")
    time.sleep(REPEAT_SECONDS * 4)
    assert oid not in shop.receiver.received
    assert shop.http.post("/control/release", json={"merchant_oid": oid}).json() == {"released": 0}
    assert status(shop, oid)["status"] == "success"
    assert "never sent" in shop.http.get("/", params={"q": oid}).text


def test_a_late_callback_waits_for_its_release(shop: Sandbox) -> None:
    oid = opened(shop, Fault.LATE, Fault.DUPLICATE)
    shop.control(oid, "pay")
    (held,) = shop.order(oid)["callbacks"]
    assert 1 <= held["held_days"] <= 10
    sooner = {"merchant_oid": oid, "days": held["held_days"] - 1 or 1}
    released = shop.http.post("/control/release", json=sooner).json()["released"]
    assert released == (1 if held["held_days"] == 1 else 0)
    time.sleep(REPEAT_SECONDS * 2)
    assert len(shop.receiver.received.get(oid, [])) == 2 * released
    shop.http.post("/control/release", json={"merchant_oid": oid})
    assert told(shop, oid, 2) == [("success", True)] * 2


def test_everything_held_back_is_released_at_once(shop: Sandbox) -> None:
    oids = [opened(shop, Fault.LATE) for _ in range(3)]
    for oid in oids:
        shop.control(oid, "decline")
    assert shop.http.get("/control/book").json()["callbacks"]["held"] >= 3
    assert shop.http.post("/control/release", json={}).json()["released"] >= 3
    for oid in oids:
        assert told(shop, oid, 1) == [("failed", True)]


@pytest.mark.parametrize(
    ("faults", "order"),
    [
        ([Fault.SUCCESS_AFTER_FAILED], ["failed", "success"]),
        ([Fault.FAILED_AFTER_SUCCESS], ["success", "failed"]),
        ([Fault.SUCCESS_AFTER_FAILED, Fault.FAILED_AFTER_SUCCESS], ["failed", "success", "failed"]),
    ],
)
def test_callbacks_can_contradict_each_other_in_either_order(
    shop: Sandbox, faults: list[Fault], order: list[str]
) -> None:
    oid = opened(shop, *faults)
    shop.control(oid, "pay")
    assert told(shop, oid, len(order)) == [(said, True) for said in order]
    assert at_rest(shop, oid)["state"] == "paid"


def test_a_wrong_hash_comes_first_and_is_not_repeated(shop: Sandbox) -> None:
    oid = opened(shop, Fault.WRONG_HASH)
    shop.receiver.scripts[oid] = [(400, b"bad hash")]
    shop.control(oid, "pay")
    assert told(shop, oid, 2) == [("success", False), ("success", True)]
    at_rest(shop, oid)
    assert len(shop.receiver.received[oid]) == 2


def test_instalments_can_collect_more_than_was_asked(shop: Sandbox) -> None:
    oid = opened(shop, Fault.SURCHARGE)
    view = shop.control(oid, "pay").json()
    assert view["total_amount"] > view["amount"]
    assert view["installment_count"] > 1
    told(shop, oid, 1)
    (form,) = shop.receiver.received[oid]
    assert (form["total_amount"], form["payment_amount"]) == (str(view["total_amount"]), str(view["amount"]))
    assert form["installment_count"] == str(view["installment_count"])


def test_another_currency_is_told_by_callback_and_status_alike(shop: Sandbox) -> None:
    oid = opened(shop, Fault.OTHER_CURRENCY)
    shop.control(oid, "pay")
    told(shop, oid, 1)
    assert shop.receiver.received[oid][0]["currency"] == "USD"
    assert status(shop, oid)["currency"] == "USD"


@pytest.mark.parametrize(("asked", "collected"), [(True, "0"), (False, "1")])
def test_the_test_flag_can_be_the_opposite_of_what_was_asked(
    shop: Sandbox, asked: bool, collected: str
) -> None:
    oid = opened(shop, Fault.TEST_FLAG, test_mode=asked)
    shop.control(oid, "pay")
    told(shop, oid, 1)
    assert shop.receiver.received[oid][0]["test_mode"] == collected
    assert status(shop, oid)["test_mode"] == collected


def signed_form(shop: Sandbox, oid: str) -> dict[str, str]:
    form = shop.form(merchant_oid=oid)
    return {**form, "paytr_token": sign("iframe_get_token", SANDBOX_MERCHANT, form)}


def test_an_answer_can_be_lost_after_the_order_was_entered(shop: Sandbox) -> None:
    oid = random_reference("TZG")
    shop.expect(merchant_oid=oid, faults=["lost_answer"])
    with pytest.raises(httpx.RemoteProtocolError):
        shop.get_token(signed_form(shop, oid))
    assert shop.order(oid)["state"] == "open"


def test_a_server_error_leaves_nothing_behind_and_strikes_once(shop: Sandbox) -> None:
    oid = random_reference("TZG")
    shop.expect(merchant_oid=oid, faults=["server_error"])
    form = signed_form(shop, oid)
    assert shop.http.post(GET_TOKEN_PATH, data=form).status_code == 502
    assert shop.http.get(f"/control/orders/{oid}").status_code == 404
    assert shop.get_token(form)["status"] == "success"


def test_an_answer_can_be_a_page_instead_of_json(shop: Sandbox) -> None:
    oid = random_reference("TZG")
    shop.expect(merchant_oid=oid, faults=["not_json"])
    answer = shop.http.post(GET_TOKEN_PATH, data=signed_form(shop, oid))
    assert answer.status_code == 200
    assert answer.text.startswith("<!doctype html>")
    assert shop.order(oid)["state"] == "open"


def test_an_answer_can_be_slow(shop: Sandbox) -> None:
    oid = opened(shop)
    shop.expect(path=STATUS_PATH, faults=["slow"])
    started = time.monotonic()
    assert status(shop, oid)["err_no"] == "004"
    assert time.monotonic() - started >= SLOW_SECONDS
    started = time.monotonic()
    status(shop, oid)
    assert time.monotonic() - started < SLOW_SECONDS


def test_a_refund_can_be_done_and_its_answer_not(shop: Sandbox) -> None:
    oid = opened(shop)
    shop.control(oid, "pay")
    shop.delivered(oid)
    broken = set()
    for number in range(12):
        reference = f"HALFDONE{number}"
        shop.expect(merchant_oid=reference, faults=["refund_half_done"])
        try:
            broken.add(refund(shop, oid, "1.00", reference).status_code)
        except httpx.RemoteProtocolError:
            broken.add(0)
    assert broken == {0, 500}
    assert shop.order(oid)["refunded"] == 1200
    assert len(status(shop, oid)["returns"]) == 12


def test_the_next_request_to_a_path_is_struck_so_many_times(shop: Sandbox) -> None:
    oid = opened(shop)
    shop.expect(path=STATUS_PATH, faults=["server_error"], times=2)
    assert shop.http.get("/control/faults").json()["expected"] == {STATUS_PATH: 2}
    answers = [shop.http.post(STATUS_PATH, data=status_form(SANDBOX_MERCHANT, oid)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [502, 502, 200]


def test_an_existing_order_can_be_scripted_and_set_free_again(shop: Sandbox) -> None:
    oid = opened(shop)
    path = f"/control/orders/{oid}/faults"
    assert shop.http.put(path, json={"faults": ["never", "surcharge"]}).status_code == 200
    assert shop.order(oid)["faults"] == ["never", "surcharge"]
    assert shop.http.put(path, json={"faults": []}).status_code == 200
    shop.control(oid, "pay")
    assert shop.delivered(oid)["total_amount"] == 87000


@pytest.mark.parametrize(
    "facts",
    [
        {"faults": ["never"]},
        {"faults": ["never"], "merchant_oid": "A1", "path": STATUS_PATH},
        {"faults": ["never"], "path": STATUS_PATH},
        {"faults": ["slow"], "path": "/nowhere"},
        {"faults": ["slow"], "path": "/control/book"},
        {"faults": ["unknown"], "merchant_oid": "A1"},
        {"faults": ["slow"], "path": STATUS_PATH, "times": 0},
    ],
)
def test_an_expectation_that_cannot_come_true_is_refused(shop: Sandbox, facts: dict[str, Any]) -> None:
    assert shop.http.post("/control/expect", json=facts).status_code == 400


def test_an_unknown_order_is_scripted_by_expectation_only(shop: Sandbox) -> None:
    assert shop.http.put("/control/orders/NEVERSEEN/faults", json={"faults": []}).status_code == 404
    assert shop.http.post("/control/release", json={"merchant_oid": "NEVERSEEN"}).status_code == 404


def test_the_page_scripts_and_releases_as_the_api_does(shop: Sandbox) -> None:
    oid = opened(shop)
    shop.http.post(f"/orders/{oid}", data={"action": "script", "late": "on"})
    assert shop.order(oid)["faults"] == ["late"]
    shop.http.post(f"/orders/{oid}", data={"action": "pay"})
    assert "Release callbacks" in shop.http.get("/", params={"q": oid}).text
    shop.http.post(f"/orders/{oid}", data={"action": "release", "back": "/?q=x"})
    assert told(shop, oid, 1) == [("success", True)]
