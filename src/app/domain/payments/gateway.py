"""What the product asks of a payment provider.

Nothing of a vendor's wire lives here. `payments.paytr` implements it twice, for real and as a fake, and
one test suite (`tests/sandbox/test_gateway_contract.py`) holds both to it.
"""

from datetime import date, datetime
from typing import Protocol

from app.domain.payments.values import (
    BinDetail,
    CardForm,
    ChargeAnswer,
    FrameRequest,
    FrameToken,
    Inquiry,
    InstallmentRates,
    ListedCard,
    PaymentRequest,
    PayoutDetail,
    PayoutStatement,
    RefundAnswer,
    TransactionReport,
)


class GatewayError(Exception):
    """The provider did not do what it was asked."""


class GatewayRefused(GatewayError):
    """The provider said no. `reason` is its own text: for operators, never shown raw to a customer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class GatewayUnreachable(GatewayError):
    """No answer that can be read came back in time: whether the request took effect is unknown."""


class RefundRefused(GatewayRefused):
    """A refund the provider refused; `code` is its number, `is_temporary` says whether later may work."""

    def __init__(self, code: str, reason: str, *, is_temporary: bool) -> None:
        super().__init__(reason)
        self.code = code
        self.is_temporary = is_temporary


class PaymentGateway(Protocol):
    """A provider that takes cards on its own pages, keeps cards, charges them, refunds and reports.

    All but `card_form` go over the network: never call them inside a database transaction. They raise
    `GatewayRefused` and `GatewayUnreachable`; after the latter the outcome is unknown. Nothing that moves
    money is ever repeated by the gateway itself; reads are.
    """

    async def request_frame(self, request: FrameRequest) -> FrameToken:
        """Open the payment page for one attempt.

        Raises `InvalidInput` on field `email` when the provider cannot take the address.
        """
        ...

    async def inquire(self, merchant_oid: str) -> Inquiry:
        """Ask what became of one attempt; a read, safe to repeat."""
        ...

    def card_form(
        self, payment: PaymentRequest, *, store_card: bool, user_token: str | None = None
    ) -> CardForm:
        """Sign the form by which the buyer's browser posts a card to the provider, with 3-D Secure.

        With `store_card` the card is kept; the first one of a company has no `user_token` yet.
        """
        ...

    async def charge_stored_card(
        self, payment: PaymentRequest, *, user_token: str, card_token: str
    ) -> ChargeAnswer:
        """Charge a stored card without the buyer, once; a callback follows whatever is answered."""
        ...

    async def list_cards(self, user_token: str) -> tuple[ListedCard, ...]:
        """Return the cards kept for a user token; none when it is unknown."""
        ...

    async def delete_card(self, *, user_token: str, card_token: str) -> None:
        """Remove a card; one that is gone already counts as removed."""
        ...

    async def bin_detail(self, digits: str) -> BinDetail | None:
        """Return what the first 6 or 8 digits tell, or nothing for a card the provider does not know."""
        ...

    async def installment_rates(self, request_id: str) -> InstallmentRates:
        """Return today's surcharges; `request_id` of at most 32 characters names the question."""
        ...

    async def refund(self, *, merchant_oid: str, amount: int, reference: str) -> RefundAnswer:
        """Give back `amount` (kuruş), once. Raises `RefundRefused`.

        After `GatewayUnreachable` look for `reference` in `inquire(...).returns` before another try.
        """
        ...

    async def transactions(self, start: datetime, end: datetime) -> TransactionReport:
        """Return sales and refunds of at most three days; aware instants, Türkiye's clock on the wire."""
        ...

    async def payouts(self, first: date, last: date) -> PayoutStatement:
        """Return payouts of at most 31 days and those announced."""
        ...

    async def payout_detail(self, day: date) -> PayoutDetail:
        """Return the orders inside one day's payout."""
        ...
