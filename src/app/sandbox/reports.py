"""PayTR's three reports: transactions of days, payouts of a month, the orders inside one payout.

Amounts are lira with a dot. Rows stand under `data`, since PayTR documents no envelope. Sums of payouts
are after commission, and what a refund takes from a payout is below zero in its detail. Test payments are
reported too, so that a reconciliation can be rehearsed with them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from app.domain.payments.paytr.amounts import lira_text
from app.domain.payments.paytr.credentials import PaytrCredentials
from app.lib.clock import ISTANBUL
from app.sandbox.bins import BAD_TOKEN
from app.sandbox.book import Book, Order, OrderState
from app.sandbox.config import SandboxConfig
from app.sandbox.faults import FaultPlan
from app.sandbox.inquiry import card_brand
from app.sandbox.payouts import Ledger, Payout, ledger, local_day
from app.sandbox.rates import order_rate, percent
from app.sandbox.report_faults import Facts, told
from app.sandbox.rules import INACTIVE_MERCHANT, token_matches

TRANSACTION_SPAN: Final = timedelta(days=3)
PAYOUT_SPAN: Final = timedelta(days=31)
BAD_DATE: Final = "Tarih gecersiz veya gonderilmedi: %s"
TOO_LONG: Final = "Tarih araligi en fazla %d gun olabilir"
NOTHING: Final = "Belirtilen tarihlerde kayit bulunamadi"
IBAN: Final = "TR000000000000000000000000"
MERCHANT_NAME: Final = "Sandbox"
SALE: Final = "S"
REFUND: Final = "I"


class ReportRefused(Exception):
    """A question PayTR does not answer; `number` is its err_no."""

    def __init__(self, number: str, message: str) -> None:
        super().__init__(message)
        self.number = number

    def answer(self) -> dict[str, Any]:
        """Return PayTR's answer to it."""
        return {"status": "error", "err_no": self.number, "err_msg": str(self)}


@dataclass(frozen=True, slots=True)
class Reporter:
    """Reports what stands in a sandbox's book, as its faults allow. Methods raise `ReportRefused`."""

    config: SandboxConfig
    book: Book
    faults: FaultPlan

    def transactions(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer islem-dokumu: sales and refunds from `start_date` to `end_date`, both included."""
        merchant = self._merchant(form, "transaction_detail")
        start, end = _range(form, "%Y-%m-%d %H:%M:%S", TRANSACTION_SPAN)
        if form.get("dummy") == "1":
            return _found([_SAMPLE])
        entries = [entry for order in self._paid(merchant) for entry in _entries(order)]
        within = sorted(
            (entry for entry in entries if start <= entry.at <= end), key=lambda entry: (entry.at, entry.key)
        )
        return _found([row for entry in within for row in self._rows(entry)])

    def payouts(self, form: Mapping[str, str], at: datetime) -> dict[str, Any]:
        """Answer odeme-dokumu: payouts made within the dates, and all that are still to come."""
        merchant = self._merchant(form, "payment_statement")
        start, end = _range(form, "%Y-%m-%d", PAYOUT_SPAN)
        payouts, today = self._ledger(merchant).payouts, local_day(at)
        made = [payout for payout in payouts if start.date() <= payout.day <= min(end.date(), today)]
        coming = [payout for payout in payouts if payout.day > today]
        answer = _found([_payout_row(payout) for payout in made], also=bool(coming))
        return {**answer, "future_payments": _announced(coming)} if coming else answer

    def payout_detail(self, form: Mapping[str, str], at: datetime) -> dict[str, Any]:
        """Answer odeme-detayi: what each order brought to, or took from, the payouts of one day."""
        merchant = self._merchant(form, "payment_detail")
        day = _moment(form, "date", "%Y-%m-%d").date()
        payouts = self._ledger(merchant).payouts if day <= local_day(at) else ()
        return _found([row for payout in payouts if payout.day == day for row in _detail_rows(payout)])

    def _merchant(self, form: Mapping[str, str], formula: str) -> PaytrCredentials:
        merchant = self.config.merchant(form.get("merchant_id", ""))
        if merchant is None:
            raise ReportRefused("001", INACTIVE_MERCHANT)
        if not token_matches(formula, merchant, form):
            raise ReportRefused("003", BAD_TOKEN)
        return merchant

    def _paid(self, merchant: PaytrCredentials) -> Iterator[Order]:
        for order in self.book:
            if order.merchant == merchant and order.state is OrderState.PAID:
                yield order

    def _ledger(self, merchant: PaytrCredentials) -> Ledger:
        return ledger(self.config, self._paid(merchant))

    def _rows(self, entry: "_Entry") -> Iterator[dict[str, str]]:
        order = entry.order
        true = Facts(entry.amount, local_day(entry.at), order.currency)
        for facts in told(self.faults, entry.key, true):
            yield {
                "islem_tipi": entry.kind,
                "net_tutar": lira_text(facts.amount - entry.commission),
                "kesinti_tutari": lira_text(entry.commission),
                "kesinti_orani": percent(order_rate(self.config, order)),
                "islem_tutari": lira_text(facts.amount),
                "odeme_tutari": lira_text(facts.amount),
                "islem_tarihi": f"{facts.day:%d.%m.%Y}",
                "para_birimi": facts.currency,
                "taksit": str(order.installment_count),
                "kart_marka": card_brand(order),
                "kart_no": order.masked_pan,
                "siparis_no": order.merchant_oid,
                "odeme_tipi": "KART",
            }


@dataclass(frozen=True, slots=True)
class _Entry:
    """One sale or refund, in kuruş; `key` is what its faults hang on."""

    kind: str
    order: Order
    key: str
    at: datetime
    amount: int
    commission: int


def _entries(order: Order) -> Iterator[_Entry]:
    oid = order.merchant_oid
    sold_at = order.paid_at or order.created_at
    yield _Entry(SALE, order, oid, sold_at, order.total_amount or 0, order.commission)
    for refund in order.refunds:
        key = refund.reference or oid
        yield _Entry(REFUND, order, key, refund.at, refund.amount, refund.commission)


def _range(form: Mapping[str, str], pattern: str, span: timedelta) -> tuple[datetime, datetime]:
    start, end = _moment(form, "start_date", pattern), _moment(form, "end_date", pattern)
    if end < start:
        raise ReportRefused("002", BAD_DATE % "end_date")
    if end - start > span:
        raise ReportRefused("004", TOO_LONG % span.days)
    # PayTR's ends are whole seconds; what happened within the last one belongs to it.
    return start, end + timedelta(seconds=1) - timedelta.resolution


def _moment(form: Mapping[str, str], name: str, pattern: str) -> datetime:
    text = form.get(name, "")
    try:
        moment = datetime.strptime(text, pattern).replace(tzinfo=ISTANBUL)
    except ValueError as error:
        raise ReportRefused("002", BAD_DATE % name) from error
    if f"{moment:{pattern}}" != text:
        raise ReportRefused("002", BAD_DATE % name)
    return moment


def _payout_row(payout: Payout) -> dict[str, str]:
    return {
        "date_paid": payout.day.isoformat(),
        "currency": payout.currency,
        "sales": lira_text(payout.sales),
        "return": lira_text(payout.refunds),
        "net": lira_text(payout.net),
        "merchant_iban": IBAN,
    }


def _announced(payouts: Iterable[Payout]) -> dict[str, dict[str, dict[str, str]]]:
    by_day: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for payout in payouts:
        by_day[payout.day.isoformat()][payout.currency] = {
            "net_amounts": lira_text(payout.net),
            "sale_amounts": lira_text(payout.sales),
            "return_amounts": lira_text(payout.refunds),
        }
    return dict(by_day)


def _detail_rows(payout: Payout) -> Iterator[dict[str, str]]:
    for share in payout.shares:
        sign = "-" if share.amount < 0 else ""
        yield {
            "merchant_oid": share.merchant_oid,
            "merchant_iban": IBAN,
            "merchant_name": MERCHANT_NAME,
            "payment": f"{sign}{lira_text(abs(share.amount))}",
            "currency": payout.currency,
        }


def _found(rows: list[dict[str, str]], *, also: bool = False) -> dict[str, Any]:
    """Return rows, or PayTR's `failed` for none unless there is something `also`."""
    if rows or also:
        return {"status": "success", "data": rows}
    return {"status": "failed", "err_msg": NOTHING}


_SAMPLE: Final = {
    "islem_tipi": SALE,
    "net_tutar": "97.01",
    "kesinti_tutari": "2.99",
    "kesinti_orani": "2.99",
    "islem_tutari": "100.00",
    "odeme_tutari": "100.00",
    "islem_tarihi": "01.01.2026",
    "para_birimi": "TL",
    "taksit": "1",
    "kart_marka": "axess",
    "kart_no": "435508AAA4358",
    "siparis_no": "SAMPLE1",
    "odeme_tipi": "KART",
}
"""What `dummy=1` shows."""
