"""What the product asks of a payment provider, in the product's own words: kuruş and ISO currencies.

Nothing of a vendor's wire lives here. `payments.paytr` implements it twice, for real and as a fake, and
one test suite (`tests/sandbox/test_gateway_contract.py`) holds both to it.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

Language = Literal["tr", "en"]


@dataclass(frozen=True, slots=True)
class BasketLine:
    """One line of what is bought; `unit_price` in kuruş, VAT included."""

    name: str
    unit_price: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameRequest:
    """One attempt to collect one amount on the provider's page.

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
    timeout_minutes: int = 30
    no_installment: bool = True

    def __post_init__(self) -> None:
        oid = self.merchant_oid
        if not (oid.isascii() and oid.isalnum() and len(oid) <= 64):
            raise ValueError(f"merchant_oid must be 1 to 64 ASCII letters and digits, not {oid!r}")
        if self.amount <= 0:
            raise ValueError(f"an amount to collect is positive, not {self.amount}")
        total = sum(line.unit_price * line.quantity for line in self.basket)
        if total != self.amount:
            raise ValueError(f"the basket adds up to {total}, the amount is {self.amount}")


@dataclass(frozen=True, slots=True)
class FrameToken:
    """A page of the provider that is ready to take the card, and the script that fits it to its frame."""

    token: str
    frame_url: str
    script_url: str


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


class GatewayError(Exception):
    """The provider did not do what it was asked."""


class GatewayRefused(GatewayError):
    """The provider said no. `reason` is its own text: for operators, never shown raw to a customer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class GatewayUnreachable(GatewayError):
    """No answer that can be read came back in time: whether the request took effect is unknown."""


class PaymentGateway(Protocol):
    """A provider that shows its own payment page in a frame and can be asked about an attempt.

    Both methods go over the network: never call them inside a database transaction. Both raise
    `GatewayRefused` and `GatewayUnreachable`.
    """

    async def request_frame(self, request: FrameRequest) -> FrameToken:
        """Open the payment page for one attempt.

        Raises `InvalidInput` on field `email` when the provider cannot take the address.
        """
        ...

    async def inquire(self, merchant_oid: str) -> Inquiry:
        """Ask what became of one attempt; a read, safe to repeat."""
        ...
