"""The callback: PayTR's fields, signed, repeated until the answer is exactly `OK`."""

import time

import httpx
import pytest

from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages import PaytrCallback
from app.domain.payments.paytr.signing import verify_callback
from tests.sandbox.conftest import REPEAT_LIMIT, REPEAT_SECONDS, Answer, Sandbox, wait_for


def test_a_payment_is_told_with_paytrs_fields(sandbox: Sandbox) -> None:
    oid, _ = sandbox.open_order()
    sandbox.control(oid, "pay")
    sandbox.delivered(oid)
    (form,) = sandbox.receiver.received[oid]
    assert verify_callback(SANDBOX_MERCHANT, form)
    assert form | {"hash": ""} == {
        "merchant_id": "100000",
        "merchant_oid": oid,
        "status": "success",
        "total_amount": "87000",
        "payment_amount": "87000",
        "payment_type": "card",
        "currency": "TL",
        "test_mode": "1",
        "installment_count": "1",
        "hash": "",
    }


def test_an_instalment_surcharge_raises_only_the_total(sandbox: Sandbox) -> None:
    oid, _ = sandbox.open_order()
    sandbox.control(oid, "pay", total_amount=91234, installment_count=3)
    sandbox.delivered(oid)
    callback = PaytrCallback.from_form(sandbox.receiver.received[oid][0])
    assert (callback.total_amount, callback.payment_amount, callback.installment_count) == (91234, 87000, 3)


@pytest.mark.parametrize("code", ["0", "1", "2", "3", "6", "8", "9", "10", "11", "99"])
def test_a_decline_is_told_with_its_reason(sandbox: Sandbox, code: str) -> None:
    oid, _ = sandbox.open_order()
    sandbox.control(oid, "decline", code=code)
    sandbox.delivered(oid)
    (form,) = sandbox.receiver.received[oid]
    assert verify_callback(SANDBOX_MERCHANT, form)
    assert (form["status"], form["total_amount"], form["failed_reason_code"]) == ("failed", "0", code)
    assert form["failed_reason_msg"]


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"OK\n"),
        (200, b" OK"),
        (200, b"ok"),
        (200, b"\xef\xbb\xbfOK"),
        (200, b'"OK"'),
        (200, b'{"status":"OK"}'),
        (200, b"<html>OK</html>"),
        (200, b""),
        (204, b""),
        (302, b"OK"),
        (500, b"OK"),
        (503, b"busy"),
    ],
)
def test_whatever_is_not_exactly_ok_is_asked_again(sandbox: Sandbox, answer: Answer) -> None:
    oid, _ = sandbox.open_order()
    sandbox.receiver.scripts[oid] = [answer, answer]
    sandbox.control(oid, "pay")
    (callback,) = sandbox.delivered(oid)["callbacks"]
    assert [attempt["accepted"] for attempt in callback["attempts"]] == [False, False, True]
    first, *repeats = sandbox.receiver.received[oid]
    assert repeats == [first, first]


def test_nothing_follows_an_ok(sandbox: Sandbox) -> None:
    oid, _ = sandbox.open_order()
    sandbox.control(oid, "pay")
    sandbox.delivered(oid)
    time.sleep(REPEAT_SECONDS * 4)
    assert len(sandbox.receiver.received[oid]) == 1


def test_a_merchant_who_never_says_ok_is_given_up(sandbox: Sandbox) -> None:
    oid, _ = sandbox.open_order()
    sandbox.receiver.scripts[oid] = [(500, b"broken")] * (REPEAT_LIMIT + 5)
    sandbox.control(oid, "pay")
    wait_for(lambda: len(sandbox.receiver.received[oid]) >= REPEAT_LIMIT)
    time.sleep(REPEAT_SECONDS * 4)
    assert len(sandbox.receiver.received[oid]) == REPEAT_LIMIT


def test_a_success_can_follow_a_decline_that_is_still_being_repeated(sandbox: Sandbox) -> None:
    oid, _ = sandbox.open_order()
    sandbox.receiver.scripts[oid] = [(503, b"busy")] * 4
    sandbox.control(oid, "decline", keep_open=True)
    sandbox.control(oid, "pay")
    view = sandbox.delivered(oid, count=2)
    assert view["state"] == "paid"
    assert {form["status"] for form in sandbox.receiver.received[oid]} == {"failed", "success"}


def test_the_same_callback_ten_times_at_once_brings_ten_answers(sandbox: Sandbox) -> None:
    oid, _ = sandbox.open_order()
    answers = sandbox.control(oid, "callback", status="success", times=10).json()["attempts"]
    assert [answer["answer"] for answer in answers] == ["OK"] * 10
    assert len({tuple(form.items()) for form in sandbox.receiver.received[oid]}) == 1
    assert sandbox.order(oid)["state"] == "open"


def test_a_forged_hash_travels_as_it_is(sandbox: Sandbox) -> None:
    oid, _ = sandbox.open_order()
    sandbox.receiver.scripts[oid] = [(400, b"bad hash")]
    (attempt,) = sandbox.control(oid, "callback", hash="forged+hash=").json()["attempts"]
    assert (attempt["status"], attempt["accepted"]) == (400, False)
    (form,) = sandbox.receiver.received[oid]
    assert form["hash"] == "forged+hash="
    assert not verify_callback(SANDBOX_MERCHANT, form)


def test_what_a_callback_says_can_be_changed_and_is_signed(sandbox: Sandbox) -> None:
    oid, _ = sandbox.open_order()
    sandbox.control(oid, "callback", total_amount=86999, currency="USD", test_mode=False)
    (form,) = sandbox.receiver.received[oid]
    assert verify_callback(SANDBOX_MERCHANT, form)
    assert (form["total_amount"], form["currency"], form["test_mode"]) == ("86999", "USD", "0")


def test_a_callback_for_an_order_nobody_knows_can_be_sent(sandbox: Sandbox) -> None:
    oid, _ = sandbox.open_order()
    sandbox.control(oid, "callback", merchant_oid="NOBODYKNOWS1")
    assert verify_callback(SANDBOX_MERCHANT, sandbox.receiver.received["NOBODYKNOWS1"][0])


def test_money_is_taken_once(sandbox: Sandbox) -> None:
    oid, _ = sandbox.open_order()
    assert sandbox.control(oid, "pay").status_code == 200
    assert sandbox.control(oid, "pay").status_code == 409
    assert sandbox.control(oid, "decline").status_code == 409
    assert len(sandbox.delivered(oid)["callbacks"]) == 1


@pytest.mark.parametrize("action", ["pay", "decline", "callback"])
def test_a_lever_for_an_unknown_order_is_404(sandbox: Sandbox, action: str) -> None:
    assert sandbox.control("NEVERSEEN", action).status_code == 404


@pytest.mark.parametrize(
    "facts", [{"times": 0}, {"times": 101}, {"status": "info"}, {"surprise": 1}, {"total_amount": "x"}]
)
def test_a_lever_pulled_wrongly_says_so(sandbox: Sandbox, facts: dict[str, object]) -> None:
    oid, _ = sandbox.open_order()
    assert sandbox.control(oid, "callback", **facts).status_code == 400
    assert oid not in sandbox.receiver.received


def test_the_book_shows_every_button_and_they_work(sandbox: Sandbox) -> None:
    oid, _ = sandbox.open_order()
    page = sandbox.http.get("/").text
    assert oid in page
    assert "frame-ancestors 'none'" in sandbox.http.get("/").headers["content-security-policy"]
    for action in ("forge", "short", "long", "decline", "repeat", "pay", "burst"):
        answer: httpx.Response = sandbox.http.post(f"/orders/{oid}", data={"action": action, "code": "0"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
    view = sandbox.delivered(oid, count=7)
    told = [(call["form"]["status"], call["form"]["total_amount"]) for call in view["callbacks"]]
    assert told == [
        ("success", "87000"),
        ("success", "86999"),
        ("success", "87001"),
        ("failed", "0"),
        ("failed", "0"),
        ("success", "87000"),
        ("success", "87000"),
    ]
    assert len(view["callbacks"][-1]["attempts"]) == 10
