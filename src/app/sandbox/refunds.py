"""Refunds, `POST /odeme/iade`: PayTR's checks in the order of their numbers.

No await lies between a check and the entry in the book, so refunds that arrive together are taken one
after the other and never add up to more than was paid.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from app.domain.payments.paytr.amounts import UnreadableAmount, kurus_from_lira
from app.domain.payments.paytr.credentials import PaytrCredentials
from app.sandbox.bins import BAD_TOKEN
from app.sandbox.book import Book, Order, OrderState, Refund
from app.sandbox.config import SandboxConfig
from app.sandbox.deck import conduct_of_masked
from app.sandbox.payouts import ledger, local_day, payout_day
from app.sandbox.rates import commission_returned
from app.sandbox.rules import INACTIVE_MERCHANT, token_matches

REFUSALS: Final = {
    "000": "Islem su anda gerceklestirilemiyor, daha sonra tekrar deneyiniz",
    "001": INACTIVE_MERCHANT,
    "002": "merchant_oid gonderilmedi",
    "003": "return_amount gonderilmedi veya gecersiz",
    "004": BAD_TOKEN,
    "005": "merchant_oid ile basarili odeme bulunamadi",
    "006": "Iade tutari, kalan tutardan fazla olamaz",
    "007": "Siparisin bildirimi henuz tamamlanmadi, iade yapilamaz",
    "008": "Bu odeme tipi icin iade yapilamaz",
    "009": "Iade tutari, kalan tutardan fazla olamaz",
    "010": "Net bakiye iade icin yeterli degil",
    "011": "Bir yildan eski islemler iade edilemez",
}
"""PayTR's numbers with the sandbox's words; 006 is what its sample code calls 009."""

LOCKED: Final = "000"
BAD_REFERENCE: Final = "reference_no gecersiz"
OLDEST: Final = timedelta(days=365)


def refund_answer(config: SandboxConfig, book: Book, form: Mapping[str, str], at: datetime) -> dict[str, Any]:
    """Give money back, or say with PayTR's number why not. The answer echoes amount and reference."""
    merchant = config.merchant(form.get("merchant_id", ""))
    if merchant is None:
        return _refused("001")
    if number := _mistake(merchant, form):
        return _refused(number)
    if not _is_reference(form.get("reference_no", "")):
        return {**_refused("001"), "err_msg": BAD_REFERENCE}
    order = book.find(form["merchant_oid"])
    if order is None or order.merchant != merchant or order.state is not OrderState.PAID:
        return _refused("005")
    return _refund(config, book, order, form, at)


def refundable(order: Order) -> int:
    """Return what is left to refund of a paid order, in kuruş, an instalment surcharge included."""
    return (order.total_amount or 0) - order.refunded


def _mistake(merchant: PaytrCredentials, form: Mapping[str, str]) -> str | None:
    if not form.get("merchant_oid", "").strip():
        return "002"
    if not _amount(form.get("return_amount", "")):
        return "003"
    return None if token_matches("refund", merchant, form) else "004"


def _refund(
    config: SandboxConfig, book: Book, order: Order, form: Mapping[str, str], at: datetime
) -> dict[str, Any]:
    amount = _amount(form["return_amount"])
    if number := _obstacle(order, amount, at):
        order.refund_locks += number == LOCKED
        book.save(order)
        return _refused(number)
    # The whole principal takes the instalment surcharge back with it, as PayTR's WHMCS module notes.
    is_whole = amount == order.amount and not order.refunds
    recorded = max(amount, refundable(order)) if is_whole else amount
    returned = commission_returned(order, recorded)
    if not _is_covered(config, book, order, recorded - returned, at):
        return _refused("010")
    reference = form.get("reference_no", "")
    order.refunds.append(Refund(amount=recorded, reference=reference, at=at, commission=returned))
    book.save(order)
    return {
        "status": "success",
        "is_test": int(order.test_mode),
        "merchant_oid": order.merchant_oid,
        "return_amount": form["return_amount"],
        "reference_no": reference,
    }


def _obstacle(order: Order, amount: int, at: datetime) -> str | None:
    if not any(notice.accepted and notice.form["status"] == "success" for notice in order.notices):
        return "007"
    conduct = conduct_of_masked(order.masked_pan)
    error, times = conduct.refund_error, conduct.refund_error_times
    if error not in {None, "006"} and (times is None or order.refund_locks < times):
        return error
    if at - (order.paid_at or at) > OLDEST:
        return "011"
    if amount > refundable(order):
        return "006" if error == "006" else "009"
    return None


def _is_covered(config: SandboxConfig, book: Book, order: Order, net: int, at: datetime) -> bool:
    today = local_day(at)
    first = next(reversed(book), None)
    if first is None or payout_day(config, first) > today:
        # Nothing has been paid out to anybody yet, and a sale bears its own refund.
        return True
    own = [other for other in book if other.merchant == order.merchant]
    return ledger(config, own).balance(order.currency, today) >= net


def _amount(text: str) -> int:
    """Return kuruş of lira with a dot; 0 for anything that is no amount, a comma included."""
    try:
        return 0 if "," in text else kurus_from_lira(text)
    except UnreadableAmount:
        return 0


def _is_reference(text: str) -> bool:
    return not text or (len(text) <= 64 and text.isascii() and text.isalnum())


def _refused(number: str) -> dict[str, Any]:
    return {"status": "error", "err_no": number, "err_msg": REFUSALS[number]}
