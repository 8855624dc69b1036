"""The bank behind the sandbox: what it says to a card. Codes are those of PayTR's callback."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from app.sandbox.bins import NO_PROGRAMME, issuer_of
from app.sandbox.book import Order, StoredCard
from app.sandbox.deck import Conduct, conduct_of, conduct_of_masked
from app.sandbox.faults import Fault
from app.sandbox.payouts import local_day

GENERAL_DECLINE: Final = "0"
NO_INSTALMENTS: Final = "8"
NEEDS_3D: Final = "10"

CLOSED: Final = "Kart banka tarafindan kapatilmis, yeni kart isteyiniz"
NEEDS_CVV: Final = "Bu kart icin CVV gereklidir"
BUSY: Final = "Bu kart ile baska bir islem devam ediyor, daha sonra tekrar deneyiniz"
LOW_LIMIT: Final = "Kart limiti yetersiz"
REJECTED: Final = "Kart banka tarafindan reddedildi"
ACCEPTED: Final = "Odeme basarili"
CHECKING: Final = "Odeme sonucu kontrol ediliyor, bildirimi bekleyiniz"


class Verdict(StrEnum):
    """The bank's answer, spelled as the JSON answers of `/odeme` spell it."""

    PAID = "success"
    DECLINED = "failed"
    WAITING = "wait_callback"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the bank says.

    `code` is why it declines, now or, after waiting, in the end. `may_retry` is for charges without the
    buyer: whether the same card may be tried later.
    """

    verdict: Verdict
    message: str
    code: str | None = None
    may_retry: bool = False


def decide(order: Order, faults: Set[Fault]) -> Decision:
    """Decide a payment. Only one without 3-D can be left waiting."""
    conduct = conduct_of_masked(order.masked_pan)
    if code := _decline_code(order, conduct):
        return _declined(REJECTED, code)
    if order.form["non_3d"] == "1":
        if Fault.WAIT_THEN_FAILED in faults or conduct.waits_code:
            return Decision(Verdict.WAITING, CHECKING, conduct.waits_code or GENERAL_DECLINE)
        if Fault.WAIT_THEN_PAID in faults or conduct.waits:
            return Decision(Verdict.WAITING, CHECKING)
    return Decision(Verdict.PAID, ACCEPTED)


def decide_charge(
    order: Order, faults: Set[Fault], card: StoredCard, at: datetime, *, has_cvv: bool
) -> Decision:
    """Decide a charge without the buyer; `card.charges` counts those before it."""
    conduct = conduct_of(card.bin_number[:6], card.last_four)
    if _is_closed(card, conduct, at):
        return _declined(CLOSED)
    if card.charges < conduct.silent_busy:
        return _declined(BUSY, may_retry=True)
    if conduct.silent_limit:
        return _declined(LOW_LIMIT)
    if conduct.needs_cvv and not has_cvv:
        return _declined(NEEDS_CVV)
    return decide(order, faults)


def is_expired(month: str, year: str, today: date) -> bool:
    """Say whether a card with this expiry (`5` or `05`, `28`) is past its last month."""
    return (2000 + int(year), int(month)) < (today.year, today.month)


def _decline_code(order: Order, conduct: Conduct) -> str | None:
    issuer = issuer_of(order.masked_pan)
    without_3d = order.form["non_3d"] == "1"
    if conduct.decline_code is not None:
        return conduct.decline_code
    if without_3d and (conduct.needs_3d or not issuer.allows_non_3d):
        return NEEDS_3D
    if order.form["installment_count"] != "0" and issuer.programme == NO_PROGRAMME:
        return NO_INSTALMENTS
    if without_3d and order.test_mode == "1" and order.form.get("non3d_test_failed") == "1":
        return GENERAL_DECLINE
    return None


def _is_closed(card: StoredCard, conduct: Conduct, at: datetime) -> bool:
    if conduct.silent_closed_after is not None and card.charges >= conduct.silent_closed_after:
        return True
    if card.closed_from is not None and at >= card.closed_from:
        return True
    return is_expired(card.month, card.year, local_day(at))


def _declined(message: str, code: str = GENERAL_DECLINE, *, may_retry: bool = False) -> Decision:
    return Decision(Verdict.DECLINED, message, code, may_retry)
