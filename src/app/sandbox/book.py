"""The book: every order this process was asked to collect, and every callback it sent. Memory only.

One event loop owns the book. Changes happen between two awaits, so each is atomic and needs no lock.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.payments.paytr.credentials import PaytrCredentials


class OrderState(StrEnum):
    """open → paid | declined; declined → paid, because a card may be tried again in the same frame."""

    OPEN = "open"
    DECLINED = "declined"
    PAID = "paid"


class OrderConflict(Exception):
    """The order is past the point where this can happen to it."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One delivery of a callback: when, the HTTP status (none when nothing came), how it answered."""

    at: datetime
    status: int | None
    answer: str
    accepted: bool


@dataclass(slots=True)
class Notice:
    """One callback as posted, and its deliveries so far."""

    form: dict[str, str]
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        return any(attempt.accepted for attempt in self.attempts)


@dataclass(slots=True, kw_only=True)
class Order:
    """One get-token that was granted; amounts in kuruş, `form` as it was posted."""

    merchant: PaytrCredentials
    token: str
    form: dict[str, str]
    created_at: datetime
    state: OrderState = OrderState.OPEN
    frame_open: bool = True
    total_amount: int | None = None
    installment_count: int = 1
    masked_pan: str = ""
    paid_at: datetime | None = None
    reason_code: str | None = None
    notices: list[Notice] = field(default_factory=list)

    @property
    def merchant_oid(self) -> str:
        return self.form["merchant_oid"]

    @property
    def amount(self) -> int:
        return int(self.form["payment_amount"])

    @property
    def currency(self) -> str:
        """The code as PayTR writes it: `TL`, whichever of `TL`, `TRY` and nothing was posted."""
        posted = self.form.get("currency", "")
        return "TL" if posted in {"", "TRY"} else posted

    @property
    def test_mode(self) -> str:
        return self.form.get("test_mode") or "0"

    @property
    def language(self) -> str:
        return "en" if self.form.get("lang") == "en" else "tr"

    @property
    def expires_at(self) -> datetime:
        return self.created_at + timedelta(minutes=int(self.form.get("timeout_limit") or "30"))

    def pay(self, at: datetime, *, total_amount: int, installment_count: int, masked_pan: str) -> None:
        """Take the money. Raises `OrderConflict` when it was taken before."""
        if self.state is OrderState.PAID:
            raise OrderConflict(f"{self.merchant_oid} is paid already")
        self.state, self.frame_open, self.paid_at = OrderState.PAID, False, at
        self.total_amount, self.installment_count = total_amount, installment_count
        self.masked_pan = masked_pan

    def decline(self, code: str, *, keep_open: bool) -> None:
        """Note a declined card; `keep_open` lets the buyer try another one in the same frame."""
        if self.state is OrderState.PAID:
            raise OrderConflict(f"{self.merchant_oid} is paid already")
        self.state, self.frame_open, self.reason_code = OrderState.DECLINED, keep_open, code


class Book:
    """All orders of this process, newest first when listed."""

    def __init__(self) -> None:
        self._by_oid: dict[str, Order] = {}
        self._by_token: dict[str, Order] = {}

    def __iter__(self) -> Iterator[Order]:
        return reversed(self._by_oid.values())

    def add(self, order: Order) -> None:
        """Enter an order whose oid and token are new."""
        self._by_oid[order.merchant_oid] = order
        self._by_token[order.token] = order

    def find(self, merchant_oid: str) -> Order | None:
        """Return the order of an oid."""
        return self._by_oid.get(merchant_oid)

    def find_by_token(self, token: str) -> Order | None:
        """Return the order of a frame."""
        return self._by_token.get(token)

    def overdue(self, at: datetime) -> list[Order]:
        """Return the orders whose page is still open past its time limit."""
        return [order for order in self._by_oid.values() if order.frame_open and order.expires_at <= at]
