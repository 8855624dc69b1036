"""The three reports: ranges, rows, envelopes, and what the real client reads in them."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages import reports as wire
from app.domain.payments.paytr.messages.refund import refund_form
from app.domain.payments.paytr.signing import sign
from app.domain.payments.values import TransactionReport
from app.sandbox.book import Book
from app.sandbox.faults import Fault, FaultPlan
from app.sandbox.refunds import refund_answer
from app.sandbox.reports import Reporter, ReportRefused
from tests.sandbox.books import AT, CONFIG, paid_order
from tests.sandbox.conftest import Sandbox
from tests.sandbox.shop import give_back, sold

MONDAY = date(2026, 11, 2)


def reporter(*, faults: dict[str, set[Fault]] | None = None) -> Reporter:
    """A book with a sale on Monday, one on Tuesday, and a part of Monday's refunded on Thursday."""
    book, plan = Book(), FaultPlan()
    book.add(paid_order("MONDAY", 100000, AT))
    book.add(paid_order("TUESDAY", 50000, AT + timedelta(days=1)))
    book.add(paid_order("FRIDAY", 80000, AT + timedelta(days=4)))
    form = refund_form(SANDBOX_MERCHANT, merchant_oid="MONDAY", amount=20000, reference="REF1")
    assert refund_answer(CONFIG, book, form, AT + timedelta(days=4, hours=1))["status"] == "success"
    for key, struck in (faults or {}).items():
        plan.script(key, struck)
    return Reporter(CONFIG, book, plan)


def read(answer: dict[str, Any]) -> str:
    return json.dumps(answer)


def question(formula: str, **fields: str) -> dict[str, str]:
    form = {"merchant_id": "100000", **fields}
    return {**form, "paytr_token": sign(formula, SANDBOX_MERCHANT, form)}


def transactions(source: Reporter, days: int = 0) -> TransactionReport:
    start = datetime(2026, 11, 2, tzinfo=UTC) - timedelta(hours=3) + timedelta(days=days)
    form = wire.transactions_form(SANDBOX_MERCHANT, start, start + timedelta(days=3, seconds=-1))
    return wire.read_transactions(read(source.transactions(form)))


def test_sales_and_refunds_are_reported_on_their_days_to_the_kurus() -> None:
    rows = [*transactions(reporter()).rows, *transactions(reporter(), days=3).rows]
    facts = [(row.merchant_oid, row.is_refund, row.amount, row.commission, row.net, row.day) for row in rows]
    assert facts == [
        ("MONDAY", False, 100000, 2990, 97010, date(2026, 11, 2)),
        ("TUESDAY", False, 50000, 1495, 48505, date(2026, 11, 3)),
        ("FRIDAY", False, 80000, 2392, 77608, date(2026, 11, 6)),
        ("MONDAY", True, 20000, 598, 19402, date(2026, 11, 6)),
    ]


def test_payouts_made_and_to_come_add_up_to_what_was_earned() -> None:
    form = wire.payouts_form(SANDBOX_MERCHANT, MONDAY, MONDAY + timedelta(days=30))
    statement = wire.read_payouts(read(reporter().payouts(form, AT + timedelta(days=4, hours=2))))
    assert [(payout.day, payout.net) for payout in statement.paid] == [
        (date(2026, 11, 3), 97010),
        (date(2026, 11, 4), 48505),
    ]
    (coming,) = statement.announced
    assert (coming.day, coming.sales, coming.refunds) == (date(2026, 11, 9), 77608, 19402)
    assert coming.net == coming.sales - coming.refunds


def test_a_payouts_detail_names_every_order_and_adds_up_to_it() -> None:
    form = wire.payout_detail_form(SANDBOX_MERCHANT, date(2026, 11, 9))
    rows = reporter().payout_detail(form, AT + timedelta(days=7))["data"]
    assert [(row["merchant_oid"], row["payment"], row["currency"]) for row in rows] == [
        ("FRIDAY", "776.08", "TL"),
        ("MONDAY", "-194.02", "TL"),
    ]


def test_a_day_to_come_has_no_detail_yet() -> None:
    form = wire.payout_detail_form(SANDBOX_MERCHANT, date(2026, 11, 9))
    assert reporter().payout_detail(form, AT + timedelta(days=6))["status"] == "failed"


def test_nothing_in_a_range_is_failed_and_no_error() -> None:
    empty = Reporter(CONFIG, Book(), FaultPlan())
    start = datetime(2026, 1, 1, tzinfo=UTC)
    answers = [
        empty.transactions(wire.transactions_form(SANDBOX_MERCHANT, start, start)),
        empty.payouts(wire.payouts_form(SANDBOX_MERCHANT, MONDAY, MONDAY), AT),
        empty.payout_detail(wire.payout_detail_form(SANDBOX_MERCHANT, MONDAY), AT),
    ]
    assert [answer["status"] for answer in answers] == ["failed"] * 3


@pytest.mark.parametrize(
    ("start", "end", "number"),
    [
        ("2026-11-02 00:00:00", "2026-11-05 00:00:00", None),
        ("2026-11-02 00:00:00", "2026-11-05 00:00:01", "004"),
        ("2026-11-02 00:00:00", "2026-11-01 00:00:00", "002"),
        ("2026-11-02", "2026-11-03", "002"),
        ("2026-11-02 0:00:00", "2026-11-03 00:00:00", "002"),
        ("", "", "002"),
    ],
)
def test_transactions_cover_three_days(start: str, end: str, number: str | None) -> None:
    form = question("transaction_detail", start_date=start, end_date=end)
    assert _number(lambda: reporter().transactions(form)) == number


@pytest.mark.parametrize(
    ("end", "number"),
    [("2026-12-02", None), ("2026-12-03", None), ("2026-12-04", "004"), ("2026-11-31", "002")],
)
def test_payouts_cover_thirty_one_days(end: str, number: str | None) -> None:
    form = question("payment_statement", start_date="2026-11-02", end_date=end)
    assert _number(lambda: reporter().payouts(form, AT)) == number


@pytest.mark.parametrize(("change", "number"), [({"merchant_id": "9"}, "001"), ({"paytr_token": "x"}, "003")])
def test_strangers_and_forgers_get_no_report(change: dict[str, str], number: str) -> None:
    form = {**wire.payout_detail_form(SANDBOX_MERCHANT, MONDAY), **change}
    assert _number(lambda: reporter().payout_detail(form, AT)) == number


def test_dummy_shows_a_sample_the_client_can_read() -> None:
    form = {
        **question("transaction_detail", start_date="2026-01-01 00:00:00", end_date="2026-01-01 00:00:00")
    }
    (row,) = wire.read_transactions(read(reporter().transactions({**form, "dummy": "1"}))).rows
    assert (row.merchant_oid, row.amount) == ("SAMPLE1", 10000)


@pytest.mark.parametrize(
    ("fault", "amounts", "currencies"),
    [
        (Fault.ROW_MISSING, [50000], {"TRY"}),
        (Fault.ROW_DOUBLED, [100000, 100000, 50000], {"TRY"}),
        (Fault.ROW_CURRENCY, [100000, 50000], {"TRY", "USD"}),
    ],
)
def test_a_row_goes_wrong_on_command(fault: Fault, amounts: list[int], currencies: set[str]) -> None:
    rows = transactions(reporter(faults={"MONDAY": {fault}})).rows
    assert [row.amount for row in rows] == amounts
    assert {row.currency for row in rows} == currencies


def test_a_row_has_another_amount_or_day_on_command() -> None:
    rows = transactions(reporter(faults={"MONDAY": {Fault.ROW_AMOUNT}, "TUESDAY": {Fault.ROW_DATE}})).rows
    assert rows[0].amount != 100000
    assert rows[0].net + rows[0].commission == rows[0].amount
    assert rows[1].day == date(2026, 11, 2)


def test_the_reports_answer_over_http(sandbox: Sandbox) -> None:
    oid = sold(sandbox)
    give_back(sandbox, oid, 1000, "HTTP1")
    at = datetime.now(UTC)
    form = wire.transactions_form(SANDBOX_MERCHANT, at - timedelta(hours=1), at + timedelta(hours=1))
    answer = sandbox.http.post("/rapor/islem-dokumu", data=form)
    rows = [row for row in wire.read_transactions(answer.text).rows if row.merchant_oid == oid]
    assert [(row.is_refund, row.amount) for row in rows] == [(False, 87000), (True, 1000)]
    payouts = wire.payouts_form(SANDBOX_MERCHANT, at.date(), at.date())
    statement = wire.read_payouts(sandbox.http.post("/rapor/odeme-dokumu", data=payouts).text)
    assert statement.announced
    detail = wire.payout_detail_form(SANDBOX_MERCHANT, at.date())
    assert wire.read_payout_detail(sandbox.http.post("/rapor/odeme-detayi", data=detail).text).lines == ()
    assert sandbox.http.post("/rapor/odeme-detayi", data={}).json()["err_no"] == "001"


def _number(ask: Any) -> str | None:
    try:
        ask()
    except ReportRefused as refusal:
        return refusal.number
    return None
