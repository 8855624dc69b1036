"""Refunds: every error number, parts up to the whole and not a kuruş more, and what the status then says."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages.refund import refund_form
from app.domain.payments.paytr.messages.status import read_inquiry, status_form
from app.domain.payments.values import Returned
from app.sandbox.book import Book, Notice
from app.sandbox.config import SandboxConfig
from app.sandbox.refunds import refund_answer
from tests.sandbox.books import AT, paid_order
from tests.sandbox.conftest import Sandbox
from tests.sandbox.shop import direct_form, give_back, sold, status_of
from tests.sandbox.shop import pay as post_card


def refuse(sandbox: Sandbox, oid: str, **changes: str) -> str:
    answer = give_back(sandbox, oid, 1000, **changes)
    assert (answer["status"], bool(answer["err_msg"])) == ("error", True)
    return str(answer["err_no"])


def test_a_refund_echoes_amount_and_reference_and_is_found_in_the_status(sandbox: Sandbox) -> None:
    oid = sold(sandbox)
    assert give_back(sandbox, oid, 1050, "REF1") == {
        "status": "success",
        "is_test": 0,
        "merchant_oid": oid,
        "return_amount": "10.50",
        "reference_no": "REF1",
    }
    answer = status_of(sandbox, oid)
    assert [(item["return_amount"], item["reference_no"]) for item in answer["returns"]] == [("10,5", "REF1")]


def test_a_test_payments_refund_says_so(sandbox: Sandbox) -> None:
    assert give_back(sandbox, sold(sandbox, test_mode="1"), 1)["is_test"] == 1


def test_parts_are_taken_until_the_payment_is_used_up(sandbox: Sandbox) -> None:
    oid = sold(sandbox)
    answers = [give_back(sandbox, oid, amount, f"P{amount}") for amount in (50000, 37000, 1)]
    assert [answer.get("err_no", "taken") for answer in answers] == ["taken", "taken", "009"]
    inquiry = sandbox.http.post("/odeme/durum-sorgu", data=status_form(SANDBOX_MERCHANT, oid))
    assert read_inquiry(inquiry.text).returns == (Returned(50000, "P50000"), Returned(37000, "P37000"))


def test_refunds_at_the_same_moment_never_exceed_the_payment(sandbox: Sandbox) -> None:
    oid = sold(sandbox)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: give_back(sandbox, oid, 2000, f"C{number}"), range(64)))
    assert Counter(answer.get("err_no", "taken") for answer in answers) == {"taken": 43, "009": 21}
    assert sandbox.order(oid)["refunded"] == 86000


def test_the_whole_principal_takes_the_surcharge_back_with_it(sandbox: Sandbox) -> None:
    oid, _ = sandbox.open_order()
    sandbox.control(oid, "pay", total_amount=91234, installment_count=3)
    sandbox.delivered(oid)
    assert give_back(sandbox, oid, 87000)["status"] == "success"
    assert sandbox.order(oid)["refunded"] == 91234


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ({"merchant_id": "999999"}, "001"),
        ({"reference_no": "not-alphanumeric"}, "001"),
        ({"merchant_oid": ""}, "002"),
        ({"return_amount": ""}, "003"),
        ({"return_amount": "10,00"}, "003"),
        ({"return_amount": "0.00"}, "003"),
        ({"return_amount": "10.005"}, "003"),
        ({"return_amount": "11.00"}, "004"),
        ({"paytr_token": ""}, "004"),
    ],
)
def test_a_wrong_request_is_refused_by_number(sandbox: Sandbox, change: dict[str, str], number: str) -> None:
    assert refuse(sandbox, "A1", **change) == number


def test_unknown_and_unpaid_orders_are_005(sandbox: Sandbox) -> None:
    form = direct_form()
    post_card(sandbox, form)
    assert [refuse(sandbox, oid) for oid in ("NEVERSEEN", form["merchant_oid"])] == ["005", "005"]


def test_a_payment_whose_callback_was_not_accepted_is_007(sandbox: Sandbox) -> None:
    oid, _ = sandbox.open_order()
    sandbox.receiver.scripts[oid] = [(500, b"")] * 1000
    sandbox.control(oid, "pay")
    assert refuse(sandbox, oid) == "007"
    sandbox.receiver.scripts[oid] = []


@pytest.mark.parametrize("number", ["008", "010", "011"])
def test_cards_reach_the_numbers_that_time_and_balance_would(sandbox: Sandbox, number: str) -> None:
    assert refuse(sandbox, sold(sandbox, f"96{number[1:]}")) == number


def test_a_locked_payment_is_refunded_at_the_third_try(sandbox: Sandbox) -> None:
    oid = sold(sandbox, "9600")
    assert [refuse(sandbox, oid), refuse(sandbox, oid)] == ["000", "000"]
    assert give_back(sandbox, oid, 1000)["status"] == "success"


def test_too_much_is_009_and_006_for_the_card_that_says_so(sandbox: Sandbox) -> None:
    answers = [give_back(sandbox, sold(sandbox, ends), 87001) for ends in ("4358", "9606")]
    assert [answer["err_no"] for answer in answers] == ["009", "006"]


def test_a_payment_tells_its_commission_and_what_is_left(sandbox: Sandbox) -> None:
    answer = status_of(sandbox, sold(sandbox))
    # 870.00 at 2.99 % is 26.013.
    assert (answer["payment_total"], answer["kesinti_tutari"], answer["net_tutar"]) == (
        "870",
        "26,01",
        "843,99",
    )


def test_a_payment_older_than_a_year_is_011() -> None:
    book, order = Book(), paid_order("OLD", 1000, AT)
    book.add(order)
    assert _ask(book, "OLD", 100, AT + timedelta(days=366))["err_no"] == "011"


def test_what_was_paid_out_is_refunded_only_from_money_still_to_come() -> None:
    book = Book()
    for oid, at in (("PAIDOUT", AT), ("COMING", AT + timedelta(days=7))):
        book.add(paid_order(oid, 100000, at))
    later = AT + timedelta(days=7)
    assert _ask(book, "PAIDOUT", 90000, later)["status"] == "success"
    # 100,000 less 2,990 commission came in; 90,000 less 2,691 is spoken for.
    assert _ask(book, "PAIDOUT", 10000, later)["status"] == "success"
    assert _ask(book, "COMING", 1000, later)["err_no"] == "010"


def test_a_callback_by_hand_that_was_accepted_completes_an_order() -> None:
    order = paid_order("HAND", 1000, AT)
    order.notices = [Notice({"status": "failed"}, attempts=order.notices[0].attempts)]
    book = Book()
    book.add(order)
    assert _ask(book, "HAND", 100, AT)["err_no"] == "007"


def _ask(book: Book, oid: str, amount: int, at: datetime) -> dict[str, object]:
    form = refund_form(SANDBOX_MERCHANT, merchant_oid=oid, amount=amount, reference=f"R{oid}{amount}")
    return refund_answer(SandboxConfig(), book, form, at.astimezone(UTC))
