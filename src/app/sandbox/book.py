"""The book: every order, refund, stored card and callback of this sandbox.

One event loop owns it. Changes happen between two awaits, so each is atomic and needs no lock. Whoever
changes an order says so with `Book.save`: a book on a shelf (`app.sandbox.shelf`) is written then.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.payments.paytr.credentials import PaytrCredentials
from app.sandbox.shelf import Shelf


class OrderState(StrEnum):
    """open → paid | declined; declined → paid, because a card may be tried again in the same frame."""

    OPEN = "open"
    DECLINED = "declined"
    PAID = "paid"


class Channel(StrEnum):
    """Which door an order came through."""

    FRAME = "frame"
    DIRECT = "direct"
    STORED_CARD = "stored_card"
    RECURRING = "recurring"


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
    """One callback as posted, and its deliveries so far.

    `is_owed` until the merchant accepted it or was given up; one sent by hand is never owed. Its first
    delivery is `copies` at once; it `is_repeated` until accepted, and then may come again all the same.
    While `held_days` is set it waits to be released: so many days late it is.
    """

    form: dict[str, str]
    attempts: list[Attempt] = field(default_factory=list)
    is_owed: bool = False
    held_days: int | None = None
    copies: int = 1
    is_repeated: bool = True
    comes_again: bool = False

    @property
    def accepted(self) -> bool:
        return any(attempt.accepted for attempt in self.attempts)

    @property
    def is_held(self) -> bool:
        return self.is_owed and self.held_days is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Money given back, in kuruş; `reference` is the merchant's and may be empty.

    `commission` is the part of the sale's commission that the merchant got back with it.
    """

    amount: int
    reference: str
    at: datetime
    commission: int = 0


@dataclass(slots=True, kw_only=True)
class StoredCard:
    """A card kept for a user of a merchant: enough to recognise it, never its number.

    `charges` counts the payments tried without the buyer; the bank refuses them from `closed_from` on.
    """

    merchant_id: str
    user_token: str
    card_token: str
    bin_number: str
    last_four: str
    month: str
    year: str
    owner: str
    added_at: datetime
    is_deleted: bool = False
    charges: int = 0
    closed_from: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Order:
    """One attempt to collect; amounts in kuruş, `form` as it was posted, card fields left out.

    `collected_currency` and `collected_in_test` say what the bank did where that is not what was asked.
    An order answered with wait_callback is decided at `decides_at`: declined with `decides_code`, or paid.
    `card` is the one to be kept once this order is paid.
    """

    merchant: PaytrCredentials
    token: str
    form: dict[str, str]
    created_at: datetime
    amount: int
    channel: Channel = Channel.FRAME
    state: OrderState = OrderState.OPEN
    frame_open: bool = True
    total_amount: int | None = None
    installment_count: int = 1
    masked_pan: str = ""
    paid_at: datetime | None = None
    reason_code: str | None = None
    collected_currency: str | None = None
    collected_in_test: bool | None = None
    card: StoredCard | None = None
    commission: int = 0
    refund_locks: int = 0
    decides_at: datetime | None = None
    decides_code: str | None = None
    refunds: list[Refund] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    @property
    def merchant_oid(self) -> str:
        return self.form["merchant_oid"]

    @property
    def currency(self) -> str:
        """The code as PayTR writes it: `TL`, whichever of `TL`, `TRY` and nothing was posted."""
        posted = self.form.get("currency", "")
        return self.collected_currency or ("TL" if posted in {"", "TRY"} else posted)

    @property
    def test_mode(self) -> str:
        if self.collected_in_test is not None:
            return "1" if self.collected_in_test else "0"
        return self.form.get("test_mode") or "0"

    @property
    def refunded(self) -> int:
        return sum(refund.amount for refund in self.refunds)

    @property
    def language(self) -> str:
        return "en" if "en" in {self.form.get("lang"), self.form.get("client_lang")} else "tr"

    @property
    def expires_at(self) -> datetime:
        return self.created_at + timedelta(minutes=int(self.form.get("timeout_limit") or "30"))

    def pay(self, at: datetime, *, total_amount: int, installment_count: int, masked_pan: str) -> None:
        """Take the money. Raises `OrderConflict` when it was taken before."""
        if self.state is OrderState.PAID:
            raise OrderConflict(f"{self.merchant_oid} is paid already")
        self.state, self.frame_open, self.paid_at, self.decides_at = OrderState.PAID, False, at, None
        self.total_amount, self.installment_count = total_amount, installment_count
        self.masked_pan = masked_pan

    def decline(self, code: str, *, keep_open: bool) -> None:
        """Note a declined card; `keep_open` lets the buyer try another one in the same frame."""
        if self.state is OrderState.PAID:
            raise OrderConflict(f"{self.merchant_oid} is paid already")
        self.state, self.frame_open, self.reason_code = OrderState.DECLINED, keep_open, code
        self.decides_at = None


class Book:
    """All orders and stored cards, newest order first when listed."""

    def __init__(self, shelf: Shelf | None = None, merchants: Sequence[PaytrCredentials] = ()) -> None:
        self._shelf = shelf
        self._by_oid: dict[str, Order] = {}
        self._by_token: dict[str, Order] = {}
        self._with_open_frame: dict[str, Order] = {}
        self._undecided: dict[str, Order] = {}
        self._cards: dict[tuple[str, str], dict[str, StoredCard]] = {}
        if shelf is not None:
            self._open(shelf, merchants)

    def __iter__(self) -> Iterator[Order]:
        return reversed(self._by_oid.values())

    def __reversed__(self) -> Iterator[Order]:
        return iter(self._by_oid.values())

    def __len__(self) -> int:
        return len(self._by_oid)

    def add(self, order: Order) -> None:
        """Enter an order whose oid and token are new."""
        self._enter(order)
        self.save(order)

    def save(self, order: Order) -> None:
        """Note that an order changed."""
        if not order.frame_open:
            self._with_open_frame.pop(order.merchant_oid, None)
        if order.decides_at is None:
            self._undecided.pop(order.merchant_oid, None)
        else:
            self._undecided[order.merchant_oid] = order
        if self._shelf is not None:
            self._shelf.put("order", order.merchant_oid, order)

    def find(self, merchant_oid: str) -> Order | None:
        """Return the order of an oid."""
        return self._by_oid.get(merchant_oid)

    def find_by_token(self, token: str) -> Order | None:
        """Return the order of a frame."""
        return self._by_token.get(token)

    def overdue(self, at: datetime) -> list[Order]:
        """Return the orders whose page is still open past its time limit."""
        return [order for order in self._with_open_frame.values() if order.expires_at <= at]

    def with_open_frame(self) -> list[Order]:
        """Return the orders whose page still takes a card, oldest first."""
        return list(self._with_open_frame.values())

    def with_held_callbacks(self) -> list[Order]:
        """Return the orders with callbacks that wait to be released, oldest first."""
        return [order for order in reversed(self) if any(notice.is_held for notice in order.notices)]

    def undecided(self, at: datetime) -> list[Order]:
        """Return the orders whose announced decision is due."""
        return [order for order in self._undecided.values() if order.decides_at and order.decides_at <= at]

    def keep_card(self, card: StoredCard) -> None:
        """Keep a new card, or what changed about one."""
        self._cards.setdefault((card.merchant_id, card.user_token), {})[card.card_token] = card
        if self._shelf is not None:
            self._shelf.put("card", card.card_token, card)

    def cards_of(self, merchant_id: str, user_token: str) -> list[StoredCard]:
        """Return the cards kept for a user and not deleted, oldest first."""
        kept = self._cards.get((merchant_id, user_token), {})
        return [card for card in kept.values() if not card.is_deleted]

    def knows_user(self, merchant_id: str, user_token: str) -> bool:
        """Say whether this user token was ever issued to this merchant."""
        return (merchant_id, user_token) in self._cards

    def cards(self) -> Iterator[StoredCard]:
        """Return every card of every user, deleted ones too."""
        return (card for kept in self._cards.values() for card in kept.values())

    def _enter(self, order: Order) -> None:
        self._by_oid[order.merchant_oid] = order
        self._by_token[order.token] = order
        if order.frame_open:
            self._with_open_frame[order.merchant_oid] = order
        if order.decides_at is not None:
            self._undecided[order.merchant_oid] = order

    def _open(self, shelf: Shelf, merchants: Sequence[PaytrCredentials]) -> None:
        known = {merchant.merchant_id: merchant for merchant in merchants}
        for order in shelf.orders(Order, known):
            self._enter(order)
        for card in shelf.documents("card", StoredCard):
            self._cards.setdefault((card.merchant_id, card.user_token), {})[card.card_token] = card
