"""What the gateway in memory remembers, and how PayTR would word it: JSON texts, lira with a dot."""

import json
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from app.domain.payments.paytr.amounts import lira_text
from app.domain.payments.paytr.messages.buyer import wire_currency
from app.domain.payments.values import PaymentRequest
from app.lib.clock import ISTANBUL

COMMISSION_BASIS_POINTS: Final = 299
PAYOUT_AFTER: Final = timedelta(days=1)
NOT_FOUND: Final = '{"status":"error","err_no":"004","err_msg":"not found"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeRefund:
    """Money given back, in kuruş; `commission` is the part of the sale's commission that came with it."""

    amount: int
    reference: str
    at: datetime
    commission: int


@dataclass(slots=True)
class FakeCard:
    """A stored card and PayTR's answer to the next charges of it; the default pays."""

    card_token: str
    last_four: str
    requires_cvv: bool
    answer: dict[str, Any] = field(default_factory=lambda: {"status": "success", "msg": "paid"})


@dataclass(slots=True)
class FakeAttempt:
    """One attempt the fake knows; `total` (kuruş) is set once it is paid."""

    request: PaymentRequest
    total: int | None = None
    paid_at: datetime | None = None
    refunds: list[FakeRefund] = field(default_factory=list)

    @property
    def commission(self) -> int:
        return ((self.total or 0) * COMMISSION_BASIS_POINTS + 5000) // 10000

    @property
    def remaining(self) -> int:
        """What is left to give back, in kuruş, an instalment surcharge included."""
        return (self.total or 0) - sum(refund.amount for refund in self.refunds)

    def give_back(self, amount: int, reference: str, at: datetime) -> None:
        """Record a refund; the whole principal takes the surcharge with it, as PayTR's module notes."""
        is_whole = amount == self.request.amount and not self.refunds
        recorded = max(amount, self.remaining) if is_whole else amount
        returned = sum(refund.commission for refund in self.refunds)
        so_far = (self.total or 0) - self.remaining + recorded
        commission = self.commission * so_far // (self.total or 1) - returned
        self.refunds.append(FakeRefund(amount=recorded, reference=reference, at=at, commission=commission))

    def status_answer(self) -> str:
        """Return the body of the status query."""
        if self.total is None:
            return NOT_FOUND
        return json.dumps(
            {
                "status": "success",
                "payment_amount": lira_text(self.request.amount),
                "payment_total": lira_text(self.total),
                "net_tutar": lira_text(self.total - self.commission),
                "kesinti_tutari": lira_text(self.commission),
                "currency": wire_currency(self.request.currency),
                "test_mode": "1" if self.request.test_mode else "0",
                "returns": [
                    {"return_amount": lira_text(refund.amount), "reference_no": refund.reference}
                    for refund in self.refunds
                ],
            }
        )


@dataclass(frozen=True, slots=True)
class Movement:
    """Money in or out: one row of the transaction report, one part of a payout; kuruş."""

    attempt: FakeAttempt
    at: datetime
    is_refund: bool
    amount: int
    commission: int

    @property
    def net(self) -> int:
        return self.amount - self.commission

    @property
    def payout_day(self) -> date:
        return self.at.astimezone(ISTANBUL).date() + PAYOUT_AFTER

    def row(self) -> dict[str, str]:
        """Return the row of the transaction report."""
        return {
            "islem_tipi": "I" if self.is_refund else "S",
            "siparis_no": self.attempt.request.merchant_oid,
            "islem_tutari": lira_text(self.amount),
            "kesinti_tutari": lira_text(self.commission),
            "net_tutar": lira_text(self.net),
            "para_birimi": wire_currency(self.attempt.request.currency),
            "islem_tarihi": f"{self.at.astimezone(ISTANBUL):%d.%m.%Y}",
        }


def movements(attempts: Iterable[FakeAttempt]) -> Iterator[Movement]:
    """Yield every sale and refund of these attempts."""
    for attempt in attempts:
        if attempt.total is None or attempt.paid_at is None:
            continue
        yield Movement(attempt, attempt.paid_at, False, attempt.total, attempt.commission)
        for refund in attempt.refunds:
            yield Movement(attempt, refund.at, True, refund.amount, refund.commission)


def payout_rows(moved: Iterable[Movement]) -> list[dict[str, str]]:
    """Return one row per day and currency: sales, refunds and net, each after commission."""
    sums: dict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0])
    for movement in moved:
        key = movement.payout_day, wire_currency(movement.attempt.request.currency)
        sums[key][movement.is_refund] += movement.net
    return [
        {
            "date_paid": day.isoformat(),
            "currency": currency,
            "sales": lira_text(sales),
            "return": lira_text(refunds),
            "net": signed_lira(sales - refunds),
        }
        for (day, currency), (sales, refunds) in sorted(sums.items())
    ]


def signed_lira(kurus: int) -> str:
    """Return lira with a minus where money is taken."""
    return f"-{lira_text(-kurus)}" if kurus < 0 else lira_text(kurus)


def card_row(card: FakeCard) -> dict[str, str]:
    """Return a card as PayTR lists it."""
    return {
        "ctoken": card.card_token,
        "last_4": card.last_four,
        "require_cvv": "1" if card.requires_cvv else "0",
        "month": "12",
        "year": "30",
        "c_bank": "Deneme Bankası",
        "c_brand": "axess",
        "c_type": "credit",
        "businessCard": "n",
        "initial": "4",
        "schema": "VISA",
    }


def new_token() -> str:
    """Return a token nobody can guess, as PayTR makes them."""
    return secrets.token_hex(16)
