"""The gateway in memory: for tests that are about something else than the wire.

It builds the same signed forms as the real client and reads its own answers with the same readers, so a
request PayTR could not take, or a value it could not send, fails here too.
"""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from app.domain.payments.gateway import GatewayRefused, GatewayUnreachable
from app.domain.payments.paytr import fake_book
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.fake_book import FakeAttempt, FakeCard
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
from app.lib.clock import ISTANBUL, now

BINS = {
    "435508": {"cardType": "credit", "bank": "Deneme Bankası", "brand": "axess", "schema": "VISA"},
    "979203": {"cardType": "debit", "bank": "Deneme Katılım", "brand": "none", "schema": "TROY"},
}
RATES = {"axess": {"taksit_2": "4.10", "taksit_3": "5.65"}, "world": {"taksit_2": "4.10"}}


class InMemoryGateway:
    """A `PaymentGateway` without a network, driven by its levers.

    `unreachable`: nothing arrives. `lose_answers`: what is asked happens, but the answer gets lost.
    `refund_refusal`: PayTR's error number for every refund while it is set. `pay`, `keep_card` and
    `answer_charges` stand for buyer and bank. `clock` dates what happens, for the reports.
    """

    def __init__(
        self, base_url: str = "https://gateway.invalid", *, clock: Callable[[], datetime] = now
    ) -> None:
        self.base_url = base_url
        self.clock = clock
        self.attempts: dict[str, FakeAttempt] = {}
        self.cards: dict[str, dict[str, FakeCard]] = {}
        self.unreachable = False
        self.lose_answers = False
        self.refund_refusal: str | None = None

    async def request_frame(self, request: FrameRequest) -> FrameToken:
        """Open an attempt; an oid that was used before is refused."""
        form = frame.frame_form(SANDBOX_MERCHANT, request)
        self._require_line()
        self._enter(request)
        self._require_answer()
        token = f"{len(self.attempts):08d}{form['merchant_oid']}"
        return FrameToken(
            token=token,
            frame_url=f"{self.base_url}{paths.FRAME_PATH}/{token}",
            script_url=f"{self.base_url}{paths.SCRIPT_PATH}",
        )

    async def inquire(self, merchant_oid: str) -> Inquiry:
        """Answer from memory; an attempt that is not paid is not found, as at PayTR."""
        self._require_line()
        attempt = self.attempts.get(merchant_oid)
        self._require_answer()
        return status.read_inquiry(attempt.status_answer() if attempt else fake_book.NOT_FOUND)

    def card_form(
        self, payment: PaymentRequest, *, store_card: bool, user_token: str | None = None
    ) -> CardForm:
        """Return the form; `pay` then stands for the buyer who posts it."""
        fields = direct.card_fields(SANDBOX_MERCHANT, payment, store_card=store_card, user_token=user_token)
        self.attempts.setdefault(payment.merchant_oid, FakeAttempt(payment))
        return CardForm(action=f"{self.base_url}{paths.PAYMENT_PATH}", fields=fields)

    async def charge_stored_card(
        self, payment: PaymentRequest, *, user_token: str, card_token: str
    ) -> ChargeAnswer:
        """Charge a card as `answer_charges` says, or pay."""
        direct.stored_card_form(SANDBOX_MERCHANT, payment, user_token=user_token, card_token=card_token)
        self._require_line()
        card = self.cards.get(user_token, {}).get(card_token)
        if card is not None:  # a request for no card of ours uses up no oid
            self._enter(payment)
        answer = _silent_answer(card)
        if answer["status"] == "success":
            self.pay(payment.merchant_oid)
        self._require_answer()
        return direct.read_charge(json.dumps(answer))

    async def list_cards(self, user_token: str) -> tuple[ListedCard, ...]:
        """Return the cards kept for a user token."""
        cards.card_list_form(SANDBOX_MERCHANT, user_token)
        self._require_line()
        self._require_answer()
        kept = self.cards.get(user_token, {}).values()
        return cards.read_cards(json.dumps([fake_book.card_row(card) for card in kept]))

    async def delete_card(self, *, user_token: str, card_token: str) -> None:
        """Forget a card, or nothing."""
        cards.card_delete_form(SANDBOX_MERCHANT, user_token=user_token, card_token=card_token)
        self._require_line()
        self.cards.get(user_token, {}).pop(card_token, None)
        self._require_answer()

    async def bin_detail(self, digits: str) -> BinDetail | None:
        """Tell what is known of two of PayTR's test cards."""
        lookups.bin_form(SANDBOX_MERCHANT, digits)
        self._require_line()
        self._require_answer()
        known = BINS.get(digits[:6])
        return lookups.read_bin(
            json.dumps({"status": "success", "businessCard": "n", "allow_non3d": "Y", **known})
            if known
            else '{"status":"failed"}'
        )

    async def installment_rates(self, request_id: str) -> InstallmentRates:
        """Return a few fixed rates."""
        lookups.rates_form(SANDBOX_MERCHANT, request_id)
        self._require_line()
        self._require_answer()
        answer = {"status": "success", "request_id": request_id, "max_inst_non_bus": 12, "oranlar": RATES}
        return lookups.read_rates(json.dumps(answer), request_id)

    async def refund(self, *, merchant_oid: str, amount: int, reference: str) -> RefundAnswer:
        """Give back, as often as it is asked: a reference protects nobody from a second refund at PayTR."""
        form = refund.refund_form(
            SANDBOX_MERCHANT, merchant_oid=merchant_oid, amount=amount, reference=reference
        )
        self._require_line()
        attempt = self.attempts.get(merchant_oid)
        refusal = self.refund_refusal or _refund_obstacle(attempt, amount)
        answer: dict[str, Any] = {"status": "error", "err_no": refusal}
        if attempt is not None and refusal is None:
            attempt.give_back(amount, reference, self.clock())
            answer = {**form, "status": "success", "is_test": int(attempt.request.test_mode)}
        self._require_answer()
        return refund.read_refund(json.dumps(answer))

    async def transactions(self, start: datetime, end: datetime) -> TransactionReport:
        """Report from the book."""
        reports.transactions_form(SANDBOX_MERCHANT, start, end)
        moved = fake_book.movements(self.attempts.values())
        # PayTR is asked in whole seconds; what happened within the last one belongs to it.
        first, beyond = start.replace(microsecond=0), end.replace(microsecond=0) + timedelta(seconds=1)
        rows = [movement.row() for movement in moved if first <= movement.at < beyond]
        return reports.read_transactions(self._report(rows))

    async def payouts(self, first: date, last: date) -> PayoutStatement:
        """Report from the book; what is paid after today is announced."""
        reports.payouts_form(SANDBOX_MERCHANT, first, last)
        rows = fake_book.payout_rows(fake_book.movements(self.attempts.values()))
        today = self.clock().astimezone(ISTANBUL).date().isoformat()
        paid = [row for row in rows if first.isoformat() <= row["date_paid"] <= min(last.isoformat(), today)]
        coming = [row for row in rows if row["date_paid"] > today]
        return reports.read_payouts(self._report(paid, future_payments=coming))

    async def payout_detail(self, day: date) -> PayoutDetail:
        """Report from the book, an order once with what it brings or takes that day."""
        reports.payout_detail_form(SANDBOX_MERCHANT, day)
        today = self.clock().astimezone(ISTANBUL).date()
        rows = [
            {
                "merchant_oid": movement.attempt.request.merchant_oid,
                "payment": fake_book.signed_lira(-movement.net if movement.is_refund else movement.net),
                "currency": movement.row()["para_birimi"],
            }
            for movement in fake_book.movements(self.attempts.values())
            if movement.payout_day == day <= today
        ]
        return reports.read_payout_detail(self._report(rows))

    def pay(self, merchant_oid: str, *, total: int | None = None) -> None:
        """Let the buyer pay `total` kuruş, or exactly what was asked."""
        attempt = self.attempts[merchant_oid]
        attempt.total = attempt.request.amount if total is None else total
        attempt.paid_at = self.clock()

    def keep_card(
        self, user_token: str | None = None, *, last_four: str = "4358", requires_cvv: bool = False
    ) -> tuple[str, str]:
        """Store a card, as a payment with `store_card` does; return its user token and card token."""
        card = FakeCard(fake_book.new_token(), last_four, requires_cvv)
        user_token = user_token or fake_book.new_token()
        self.cards.setdefault(user_token, {})[card.card_token] = card
        return user_token, card.card_token

    def answer_charges(
        self, user_token: str, card_token: str, *, wire_status: str, may_retry: bool | None = None
    ) -> None:
        """Let the next charges of a card be answered `success`, `wait_callback` or `failed`."""
        answer: dict[str, Any] = {"status": wire_status, "msg": wire_status}
        if may_retry is not None:
            answer["try_again"] = may_retry
        self.cards[user_token][card_token].answer = answer

    def _enter(self, request: PaymentRequest) -> None:
        if request.merchant_oid in self.attempts:
            raise GatewayRefused("merchant_oid was used before")
        self.attempts[request.merchant_oid] = FakeAttempt(request)

    def _report(self, rows: list[dict[str, str]], **beside: Any) -> str:
        self._require_line()
        self._require_answer()
        empty = not rows and not any(beside.values())
        return json.dumps({"status": "failed"} if empty else {"status": "success", "data": rows, **beside})

    def _require_line(self) -> None:
        if self.unreachable:
            raise GatewayUnreachable("the line is cut")

    def _require_answer(self) -> None:
        if self.lose_answers:
            raise GatewayUnreachable("the answer was lost")


def _silent_answer(card: FakeCard | None) -> dict[str, Any]:
    if card is None:
        return {"status": "failed", "msg": "unknown card", "try_again": False}
    if card.requires_cvv:
        return {"status": "failed", "msg": "the card asks for its CVV", "try_again": False}
    return card.answer


def _refund_obstacle(attempt: FakeAttempt | None, amount: int) -> str | None:
    if attempt is None or attempt.total is None:
        return "005"
    return "009" if amount > attempt.remaining else None
