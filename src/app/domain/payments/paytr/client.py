"""PayTR over HTTP. Every call has a time limit, and nothing is repeated but a read."""

from datetime import date, datetime
from typing import Final
from urllib.parse import quote

import httpx
import stamina

from app.domain.payments.gateway import GatewayRefused, GatewayUnreachable
from app.domain.payments.paytr import transport
from app.domain.payments.paytr.credentials import PaytrCredentials
from app.domain.payments.paytr.messages import cards, direct, frame, lookups, paths, refund, reports, status
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
from app.lib.retries import hide_arguments

READ_ATTEMPTS: Final = 3

hide_arguments()

_repeated = stamina.retry(on=GatewayUnreachable, attempts=READ_ATTEMPTS, wait_initial=0.2, wait_max=2.0)
"""For what changes nothing at PayTR. A charge, a refund or a used oid sent twice may take effect twice."""


class PaytrGateway:
    """The `PaymentGateway` that talks to PayTR, or to the sandbox, at `base_url`.

    The HTTP client is the caller's, who closes it. Key and salt stay inside `credentials`.
    """

    def __init__(self, credentials: PaytrCredentials, base_url: str, http: httpx.AsyncClient) -> None:
        self._credentials = credentials
        self._transport = transport.Transport(base_url, http)

    @property
    def base_url(self) -> str:
        return self._transport.base_url

    async def request_frame(self, request: FrameRequest) -> FrameToken:
        """Ask for a token, once: PayTR has no idempotency, and an oid may be used up by the first try."""
        form = frame.frame_form(self._credentials, request)
        token = frame.read_token(await self._transport.post(transport.GET_TOKEN, form))
        return FrameToken(
            token=token,
            frame_url=f"{self.base_url}{paths.FRAME_PATH}/{quote(token, safe='')}",
            script_url=f"{self.base_url}{paths.SCRIPT_PATH}",
        )

    @_repeated
    async def inquire(self, merchant_oid: str) -> Inquiry:
        """Ask for the status; tried again when no answer came, since asking changes nothing."""
        form = status.status_form(self._credentials, merchant_oid)
        return status.read_inquiry(await self._transport.post(transport.STATUS, form))

    def card_form(
        self, payment: PaymentRequest, *, store_card: bool, user_token: str | None = None
    ) -> CardForm:
        """Sign the form that the buyer's browser posts to PayTR; no card field passes through here."""
        fields = direct.card_fields(self._credentials, payment, store_card=store_card, user_token=user_token)
        return CardForm(action=f"{self.base_url}{paths.PAYMENT_PATH}", fields=fields)

    async def charge_stored_card(
        self, payment: PaymentRequest, *, user_token: str, card_token: str
    ) -> ChargeAnswer:
        """Charge a card, once. After `GatewayUnreachable` it may have been charged: ask, never repeat."""
        form = direct.stored_card_form(
            self._credentials, payment, user_token=user_token, card_token=card_token
        )
        return direct.read_charge(await self._transport.post(transport.CHARGE, form))

    @_repeated
    async def list_cards(self, user_token: str) -> tuple[ListedCard, ...]:
        """Ask for the cards of a user token."""
        form = cards.card_list_form(self._credentials, user_token)
        return cards.read_cards(await self._transport.post(transport.CARD_LIST, form))

    async def delete_card(self, *, user_token: str, card_token: str) -> None:
        """Remove a card. PayTR has one error for "gone already" and for "no": the list tells them apart."""
        form = cards.card_delete_form(self._credentials, user_token=user_token, card_token=card_token)
        refusal = cards.read_deletion(await self._transport.post(transport.CARD_DELETE, form))
        if refusal is None:
            return
        if any(card.card_token == card_token for card in await self.list_cards(user_token)):
            raise GatewayRefused(refusal)

    @_repeated
    async def bin_detail(self, digits: str) -> BinDetail | None:
        """Ask what the first digits of a card tell."""
        form = lookups.bin_form(self._credentials, digits)
        return lookups.read_bin(await self._transport.post(transport.BIN, form))

    @_repeated
    async def installment_rates(self, request_id: str) -> InstallmentRates:
        """Ask for today's surcharges."""
        form = lookups.rates_form(self._credentials, request_id)
        return lookups.read_rates(await self._transport.post(transport.RATES, form), request_id)

    async def refund(self, *, merchant_oid: str, amount: int, reference: str) -> RefundAnswer:
        """Give money back, once: PayTR takes the same order twice, even under one reference."""
        form = refund.refund_form(
            self._credentials, merchant_oid=merchant_oid, amount=amount, reference=reference
        )
        return refund.read_refund(await self._transport.post(transport.REFUND, form))

    @_repeated
    async def transactions(self, start: datetime, end: datetime) -> TransactionReport:
        """Ask for sales and refunds."""
        form = reports.transactions_form(self._credentials, start, end)
        return reports.read_transactions(await self._transport.post(transport.TRANSACTIONS, form))

    @_repeated
    async def payouts(self, first: date, last: date) -> PayoutStatement:
        """Ask for payouts."""
        form = reports.payouts_form(self._credentials, first, last)
        return reports.read_payouts(await self._transport.post(transport.PAYOUTS, form))

    @_repeated
    async def payout_detail(self, day: date) -> PayoutDetail:
        """Ask for the orders inside one day's payout."""
        form = reports.payout_detail_form(self._credentials, day)
        return reports.read_payout_detail(await self._transport.post(transport.PAYOUT_DETAIL, form))
