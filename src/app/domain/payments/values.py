"""What is said to and by a payment provider, in the product's own words: kuruş and ISO currencies."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal

Language = Literal["tr", "en"]


@dataclass(frozen=True, slots=True)
class BasketLine:
    """One line of what is bought; `unit_price` in kuruş, VAT included."""

    name: str
    unit_price: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRequest:
    """One attempt to collect one amount, by a single payment.

    `merchant_oid` is new for every attempt: at most 64 ASCII letters and digits. The basket adds up to
    `amount` (kuruş), because the buyer is shown both. Raises `ValueError` when either does not hold.
    """

    merchant_oid: str
    email: str
    amount: int
    currency: str
    basket: tuple[BasketLine, ...]
    user_ip: str
    user_name: str
    user_address: str
    user_phone: str
    ok_url: str
    fail_url: str
    language: Language
    test_mode: bool

    def __post_init__(self) -> None:
        check_attempt(self.merchant_oid, self.amount, self.basket)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameRequest(PaymentRequest):
    """A payment on the provider's own page: how long it is open, and whether it offers instalments."""

    timeout_minutes: int = 30
    no_installment: bool = True


@dataclass(frozen=True, slots=True)
class FrameToken:
    """A page of the provider that is ready to take the card, and the script that fits it to its frame."""

    token: str
    frame_url: str
    script_url: str


@dataclass(frozen=True, slots=True)
class CardForm:
    """A form the buyer's browser posts straight to the provider; the card fields are added there, never here.

    `fields` are the signed ones, to be written as hidden inputs exactly as they are.
    """

    action: str
    fields: dict[str, str] = field(repr=False)


class ChargeOutcome(StrEnum):
    """What the provider answered to a charge of a stored card; its callback has the last word."""

    PAID = "paid"
    WAITING = "waiting"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ChargeAnswer:
    """The answer to one charge. `may_retry` False on a refusal is a hard decline: the card is done with."""

    outcome: ChargeOutcome
    message: str
    may_retry: bool | None = None


@dataclass(frozen=True, slots=True)
class ListedCard:
    """One stored card as the provider lists it; `expiry_year` with four digits."""

    card_token: str = field(repr=False)
    last_four: str
    expiry_month: int
    expiry_year: int
    bank: str
    brand: str
    """VISA, MASTERCARD, AMEX, TROY or OTHER."""
    requires_cvv: bool
    is_business: bool
    is_credit: bool


@dataclass(frozen=True, slots=True)
class BinDetail:
    """What the first digits of a card tell; `programme` None means that it takes no instalments."""

    bank: str
    scheme: str
    programme: str | None
    is_credit: bool
    is_business: bool
    allows_non_3d: bool


@dataclass(frozen=True, slots=True)
class InstallmentRates:
    """Surcharge in percent by card programme and number of instalments."""

    maximum: int | None
    rates: dict[str, dict[int, Decimal]]


@dataclass(frozen=True, slots=True)
class Returned:
    """One refund as the status query reports it; `reference` is ours when we sent one."""

    amount: int
    reference: str | None


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What the provider says about one attempt, amounts in kuruş, currency as ISO code.

    `found=False` says that no successful payment is known *now*; it never proves a failure. `amount` is
    what was asked, `total` what the buyer paid (an instalment surcharge may raise it). `raw` is the
    body as received, for the record.
    """

    found: bool
    raw: str
    amount: int | None = None
    total: int | None = None
    currency: str | None = None
    test_mode: bool | None = None
    net: int | None = None
    commission: int | None = None
    returns: tuple[Returned, ...] = ()


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """A refund the provider has taken; `amount` in kuruş."""

    amount: int
    is_test: bool


@dataclass(frozen=True, slots=True)
class ReportedTransaction:
    """One sale or refund of the transaction report, amounts in minor units, refunds positive."""

    merchant_oid: str
    is_refund: bool
    amount: int
    commission: int
    net: int
    currency: str
    day: date


@dataclass(frozen=True, slots=True)
class ReportedPayout:
    """One payout to the bank account: sums of one day and currency."""

    day: date
    currency: str
    sales: int
    refunds: int
    net: int


@dataclass(frozen=True, slots=True)
class PayoutLine:
    """One order inside a payout of one day."""

    merchant_oid: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class TransactionReport:
    """The transaction report with the body as received."""

    raw: str
    rows: tuple[ReportedTransaction, ...]


@dataclass(frozen=True, slots=True)
class PayoutStatement:
    """Payouts made within a range, and those the provider announces for later days."""

    raw: str
    paid: tuple[ReportedPayout, ...]
    announced: tuple[ReportedPayout, ...]


@dataclass(frozen=True, slots=True)
class PayoutDetail:
    """What one day's payout consists of."""

    raw: str
    lines: tuple[PayoutLine, ...]


def check_attempt(merchant_oid: str, amount: int, basket: tuple[BasketLine, ...]) -> None:
    """Raise `ValueError` unless the oid can be sent and the basket adds up to a positive amount."""
    if not (merchant_oid.isascii() and merchant_oid.isalnum() and len(merchant_oid) <= 64):
        raise ValueError(f"merchant_oid must be 1 to 64 ASCII letters and digits, not {merchant_oid!r}")
    if amount <= 0:
        raise ValueError(f"an amount to collect is positive, not {amount}")
    total = sum(line.unit_price * line.quantity for line in basket)
    if total != amount:
        raise ValueError(f"the basket adds up to {total}, the amount is {amount}")
