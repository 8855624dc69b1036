"""The three reports: questions within PayTR's limits, answers in every envelope anybody has seen."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.domain.payments.gateway import GatewayRefused, GatewayUnreachable
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages.reports import (
    payout_detail_form,
    payouts_form,
    read_payout_detail,
    read_payouts,
    read_transactions,
    transactions_form,
)
from app.domain.payments.paytr.signing import sign
from app.domain.payments.values import PayoutLine, ReportedPayout, ReportedTransaction

START = datetime(2026, 3, 1, 21, 30, tzinfo=UTC)
DAY = date(2026, 3, 2)
SALE = {
    "islem_tipi": "S",
    "net_tutar": "843,99",
    "kesinti_tutari": "26,01",
    "kesinti_orani": "2,99",
    "islem_tutari": "870",
    "odeme_tutari": "870",
    "islem_tarihi": "02.03.2026",
    "para_birimi": "TL",
    "siparis_no": "TZG1",
}
SOLD = ReportedTransaction(
    merchant_oid="TZG1", is_refund=False, amount=87000, commission=2601, net=84399, currency="TRY", day=DAY
)
PAYOUT = {"date_paid": "2026-03-02", "currency": "TL", "sales": "843.99", "return": "0", "net": "843.99"}
PAID = ReportedPayout(day=DAY, currency="TRY", sales=84399, refunds=0, net=84399)
SUMS = {"net_amounts": "10,8", "sale_amounts": "11,8", "return_amounts": "1"}
COMING = ReportedPayout(day=date(2026, 4, 1), currency="TRY", sales=1180, refunds=100, net=1080)
LINE = {"merchant_oid": "TZG1", "merchant_iban": "TR00", "payment": "843.99", "currency": "TL"}


def enveloped(row: dict[str, Any]) -> list[str]:
    envelopes: list[Any] = [
        [row],
        {"status": "success", "data": [row]},
        {"status": "success", "details": [row]},
        {"status": "success", "list": [row]},
        {"status": "success", "data": {"0": row}},
        {"status": "success", "0": row},
    ]
    return [json.dumps(envelope) for envelope in envelopes]


def test_a_transaction_question_is_asked_on_turkish_time() -> None:
    form = transactions_form(SANDBOX_MERCHANT, START, START + timedelta(days=3))
    assert (form["start_date"], form["end_date"]) == ("2026-03-02 00:30:00", "2026-03-05 00:30:00")
    assert form["paytr_token"] == sign("transaction_detail", SANDBOX_MERCHANT, form)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (START, START + timedelta(days=3, seconds=1)),
        (START, START - timedelta(seconds=1)),
        (START.replace(tzinfo=None), START),
    ],
)
def test_a_transaction_question_paytr_refuses_is_not_asked(start: datetime, end: datetime) -> None:
    with pytest.raises(ValueError, match=r"three days|time zone"):
        transactions_form(SANDBOX_MERCHANT, start, end)


def test_payout_questions_are_signed() -> None:
    statement = payouts_form(SANDBOX_MERCHANT, DAY, DAY + timedelta(days=30))
    assert statement["paytr_token"] == sign("payment_statement", SANDBOX_MERCHANT, statement)
    detail = payout_detail_form(SANDBOX_MERCHANT, DAY)
    assert detail["date"] == "2026-03-02"
    assert detail["paytr_token"] == sign("payment_detail", SANDBOX_MERCHANT, detail)


@pytest.mark.parametrize("days", [-1, 31])
def test_a_statement_paytr_refuses_is_not_asked(days: int) -> None:
    with pytest.raises(ValueError, match="31 days"):
        payouts_form(SANDBOX_MERCHANT, DAY, DAY + timedelta(days=days))


@pytest.mark.parametrize("body", enveloped(SALE))
def test_a_sale_is_read_in_every_envelope_and_the_body_kept(body: str) -> None:
    report = read_transactions(body)
    assert (report.rows, report.raw) == ((SOLD,), body)


@pytest.mark.parametrize("sign_text", ["", "-"])
def test_a_refund_is_positive_however_it_is_written(sign_text: str) -> None:
    row = {
        **SALE,
        "islem_tipi": "I",
        "islem_tutari": f"{sign_text}10,8",
        "odeme_tutari": "",
        "kesinti_tutari": f"{sign_text}0,3",
        "net_tutar": f"{sign_text}10,5",
    }
    (refund,) = read_transactions(json.dumps({"status": "success", "data": [row]})).rows
    assert refund.is_refund
    assert (refund.amount, refund.commission, refund.net) == (1080, 30, 1050)


@pytest.mark.parametrize("name", ["islem_tutari", "odeme_tutari"])
def test_the_amount_is_the_one_its_parts_add_up_to(name: str) -> None:
    row = {**SALE, "islem_tutari": "900", "odeme_tutari": "900", name: "870"}
    assert read_transactions(json.dumps([row])).rows[0].amount == 87000


@pytest.mark.parametrize("text", ["02.03.2026", "02.03.2026 14:05:00", "2026-03-02", "2026-03-02 14:05:00"])
def test_a_day_is_read_in_both_styles(text: str) -> None:
    assert read_transactions(json.dumps([{**SALE, "islem_tarihi": text}])).rows[0].day == DAY


@pytest.mark.parametrize(
    "change",
    [
        {"islem_tipi": "X"},
        {"islem_tutari": "", "odeme_tutari": ""},
        {"net_tutar": ""},
        {"kesinti_tutari": "?"},
        {"para_birimi": ""},
        {"siparis_no": ""},
        {"islem_tarihi": "31.02.2026"},
        {"islem_tarihi": "today"},
    ],
)
def test_a_row_that_cannot_be_read_is_never_left_out(change: dict[str, str]) -> None:
    with pytest.raises(GatewayUnreachable):
        read_transactions(json.dumps([SALE, {**SALE, **change}]))


READERS = [
    lambda body: read_transactions(body).rows,
    lambda body: read_payouts(body).paid,
    lambda body: read_payout_detail(body).lines,
]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "body",
    ['{"status":"failed"}', "[]", '{"status":"success","data":[]}', '{"status":"success","data":null}'],
)
def test_nothing_in_the_range_is_an_empty_report(read: Any, body: str) -> None:
    assert read(body) == ()


@pytest.mark.parametrize("read", READERS)
def test_a_refused_report_is_not_an_empty_one(read: Any) -> None:
    with pytest.raises(GatewayRefused, match="005: tarih"):
        read('{"status":"error","err_no":"005","err_msg":"tarih"}')


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>",
        '"x"',
        "5",
        '{"status":"success","strange":[{}]}',
        '{"status":"success","data":"x"}',
        "[1]",
    ],
)
def test_an_unknown_envelope_is_not_an_empty_report(read: Any, body: str) -> None:
    with pytest.raises(GatewayUnreachable):
        read(body)


@pytest.mark.parametrize("body", enveloped(PAYOUT))
def test_a_payout_is_read_in_every_envelope(body: str) -> None:
    statement = read_payouts(body)
    assert (statement.paid, statement.announced, statement.raw) == ((PAID,), (), body)


@pytest.mark.parametrize(
    "future",
    [
        {"2026-04-01": {"TL": SUMS}},
        [{"date": "2026-04-01", "currency": "TL", **SUMS}],
        [{"date_paid": "2026-04-01", "currency": "TL", "sales": "11.80", "return": "1.00", "net": "10.80"}],
    ],
)
def test_announced_payouts_are_read_as_list_and_as_map(future: Any) -> None:
    beside = json.dumps({"status": "success", "data": [PAYOUT], "future_payments": future})
    inside = json.dumps({"status": "success", "data": [PAYOUT, {"future_payments": future}]})
    for body in (beside, inside):
        statement = read_payouts(body)
        assert (statement.paid, statement.announced) == ((PAID,), (COMING,))


def test_announced_payouts_may_come_alone() -> None:
    body = json.dumps({"status": "success", "future_payments": {"2026-04-01": {"TL": SUMS}}})
    assert read_payouts(body).announced == (COMING,)


@pytest.mark.parametrize(
    "future", ["soon", {"2026-04-01": []}, {"2026-04-01": {"TL": "5"}}, [1], {"x": {"TL": SUMS}}]
)
def test_an_announcement_that_cannot_be_read_is_never_left_out(future: Any) -> None:
    with pytest.raises(GatewayUnreachable):
        read_payouts(json.dumps({"status": "success", "data": [], "future_payments": future}))


def test_a_payout_that_refunds_outweigh_is_below_zero() -> None:
    row = {**PAYOUT, "return": "-900.00", "net": "-56,01"}
    (payout,) = read_payouts(json.dumps([row])).paid
    assert (payout.refunds, payout.net) == (90000, -5601)


@pytest.mark.parametrize("body", enveloped(LINE))
def test_the_orders_of_a_payout_are_read(body: str) -> None:
    assert read_payout_detail(body).lines == (PayoutLine("TZG1", 84399, "TRY"),)
