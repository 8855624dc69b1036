"""The three reports. PayTR documents their fields, not the envelope around the rows: read defensively.

Whatever cannot be read raises; only PayTR's own `failed`, or an envelope without rows, is an empty report.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

from app.domain.payments.gateway import GatewayRefused, GatewayUnreachable
from app.domain.payments.paytr.credentials import PaytrCredentials
from app.domain.payments.paytr.messages.answers import Answer, lira_of, read_json, refusal_text, text_of
from app.domain.payments.paytr.messages.buyer import iso_currency
from app.domain.payments.paytr.signing import sign
from app.domain.payments.values import (
    PayoutDetail,
    PayoutLine,
    PayoutStatement,
    ReportedPayout,
    ReportedTransaction,
    TransactionReport,
)
from app.lib.clock import ISTANBUL

TRANSACTION_SPAN: Final = timedelta(days=3)
PAYOUT_SPAN: Final = timedelta(days=31)

_ENVELOPES: Final = ("data", "details", "list", "rows", "result")
_ISO_DAY: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T].*)?", re.ASCII)
_TURKISH_DAY: Final = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})(?: .*)?", re.ASCII)


def transactions_form(credentials: PaytrCredentials, start: datetime, end: datetime) -> dict[str, str]:
    """Return the signed question for sales and refunds; PayTR's clock is Türkiye's, three days at most."""
    if start.tzinfo is None or end.tzinfo is None:
        raise ValueError("a report needs instants with a time zone")
    if not start <= end <= start + TRANSACTION_SPAN:
        raise ValueError("a transaction report covers at most three days")
    form = {
        "merchant_id": credentials.merchant_id,
        "start_date": f"{start.astimezone(ISTANBUL):%Y-%m-%d %H:%M:%S}",
        "end_date": f"{end.astimezone(ISTANBUL):%Y-%m-%d %H:%M:%S}",
        "dummy": "0",
    }
    return {**form, "paytr_token": sign("transaction_detail", credentials, form)}


def payouts_form(credentials: PaytrCredentials, first: date, last: date) -> dict[str, str]:
    """Return the signed question for payouts of at most 31 days, both ends included."""
    if not first <= last < first + PAYOUT_SPAN:
        raise ValueError("a payout statement covers at most 31 days")
    form = {
        "merchant_id": credentials.merchant_id,
        "start_date": first.isoformat(),
        "end_date": last.isoformat(),
    }
    return {**form, "paytr_token": sign("payment_statement", credentials, form)}


def payout_detail_form(credentials: PaytrCredentials, day: date) -> dict[str, str]:
    """Return the signed question for the orders inside one day's payout."""
    form = {"merchant_id": credentials.merchant_id, "date": day.isoformat()}
    return {**form, "paytr_token": sign("payment_detail", credentials, form)}


def read_transactions(body: str) -> TransactionReport:
    """Return the sales and refunds of a transaction report."""
    return TransactionReport(body, tuple(_transaction(row) for row in _rows(_answer(body))))


def read_payouts(body: str) -> PayoutStatement:
    """Return the payouts of a statement, and those announced, which come as a list or as nested maps."""
    answer = _answer(body)
    announced = answer.pop("future_payments", None) if isinstance(answer, dict) else None
    paid: list[ReportedPayout] = []
    coming: list[ReportedPayout] = list(_announced(announced))
    for row in _rows(answer):
        # Some write the announced ones into the rows.
        coming.extend(_announced(row.get("future_payments")))
        if text_of(row, "date_paid"):
            paid.append(_payout(row))
    return PayoutStatement(body, tuple(paid), tuple(coming))


def read_payout_detail(body: str) -> PayoutDetail:
    """Return the orders of a payout; a refund takes away, so its amount is below zero."""
    lines = (
        PayoutLine(_oid(row, "merchant_oid"), _signed(row, "payment"), _currency(row))
        for row in _rows(_answer(body))
    )
    return PayoutDetail(body, tuple(lines))


def _answer(body: str) -> Any:
    """Return rows or their envelope; none for `failed`, which says that the range holds nothing."""
    answer = read_json(body)
    if isinstance(answer, dict):
        status = text_of(answer, "status")
        if status == "error":
            number = text_of(answer, "err_no")
            raise GatewayRefused(f"{number}: {refusal_text(answer, 'the report was refused')}")
        if status == "failed":
            return []
    return answer


def _rows(answer: Any) -> list[Answer]:
    rows = _list_in(answer)
    if rows is None or not all(isinstance(row, dict) for row in rows):
        raise GatewayUnreachable("the report keeps its rows in an unknown envelope")
    return rows


def _list_in(answer: Any) -> list[Any] | None:
    if isinstance(answer, list):
        return answer
    if not isinstance(answer, dict):
        return None
    for name in _ENVELOPES:
        if name in answer:
            inner = answer[name]
            return list(inner.values()) if isinstance(inner, dict) else _list_in(inner or [])
    # PHP writes a list beside a status as {"status": ..., "0": {...}, "1": {...}}.
    numbered = [value for name, value in answer.items() if name.isdecimal()]
    return numbered if numbered or answer.keys() <= {"status"} else None


def _transaction(row: Answer) -> ReportedTransaction:
    kind = text_of(row, "islem_tipi").upper()
    if kind not in {"S", "I", "İ"}:
        raise GatewayUnreachable(f"the report holds a transaction of unknown type {kind!r}")
    net, commission = _unsigned(row, "net_tutar"), _unsigned(row, "kesinti_tutari")
    return ReportedTransaction(
        merchant_oid=_oid(row, "siparis_no", "merchant_oid"),
        is_refund=kind != "S",
        amount=_gross(row, net + commission),
        commission=commission,
        net=net,
        currency=_currency(row, "para_birimi"),
        day=_day(text_of(row, "islem_tarihi")),
    )


def _gross(row: Answer, whole: int) -> int:
    # Which of the two holds an instalment surcharge is not documented: the one that the parts add up to.
    amounts = [_unsigned(row, name) for name in ("islem_tutari", "odeme_tutari") if text_of(row, name)]
    if not amounts:
        raise GatewayUnreachable("the report holds a transaction without an amount")
    return whole if whole in amounts else amounts[0]


def _payout(row: Answer) -> ReportedPayout:
    return ReportedPayout(
        day=_day(text_of(row, "date_paid", "date")),
        currency=_currency(row),
        sales=_unsigned(row, "sales", "sale_amounts"),
        refunds=_unsigned(row, "return", "return_amounts"),
        net=_signed(row, "net", "net_amounts"),
    )


def _announced(future: Any) -> Iterator[ReportedPayout]:
    if not future:
        return
    if isinstance(future, list):
        yield from (_payout(row) for row in _rows(future))
        return
    if not isinstance(future, dict):
        raise GatewayUnreachable("the statement announces payouts in an unknown form")
    for day, currencies in future.items():
        if not isinstance(currencies, dict):
            raise GatewayUnreachable("the statement announces payouts in an unknown form")
        for currency, sums in currencies.items():
            if not isinstance(sums, dict):
                raise GatewayUnreachable("the statement announces payouts in an unknown form")
            yield _payout({"date": day, "currency": currency, **sums})


def _oid(row: Answer, *names: str) -> str:
    if oid := text_of(row, *names):
        return oid
    raise GatewayUnreachable("the report holds a row without an order")


def _currency(row: Answer, name: str = "currency") -> str:
    # A row that does not name its currency must not be counted as lira.
    if currency := iso_currency(text_of(row, name)):
        return currency
    raise GatewayUnreachable("the report holds a row without a currency")


def _unsigned(row: Answer, *names: str) -> int:
    """Return kuruş without a sign: whether refunds are written with a minus is not documented."""
    return abs(_signed(row, *names))


def _signed(row: Answer, *names: str) -> int:
    text = text_of(row, *names)
    size = lira_of({names[0]: text.removeprefix("-")}, names[0])
    return -size if text.startswith("-") else size


def _day(text: str) -> date:
    iso, turkish = _ISO_DAY.fullmatch(text), _TURKISH_DAY.fullmatch(text)
    try:
        if iso:
            return date(int(iso[1]), int(iso[2]), int(iso[3]))
        if turkish:
            return date(int(turkish[3]), int(turkish[2]), int(turkish[1]))
    except ValueError:
        pass
    raise GatewayUnreachable(f"the report holds {text!r} where a day belongs")
