"""What PayTR does with an order: grants a page, takes or declines the card, tells the merchant.

Handlers, control page and tests all go through here. `at` is an aware instant; amounts are kuruş.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from app.sandbox.book import Book, Notice, Order, OrderState
from app.sandbox.callbacks import REASONS, Courier, failure_form, success_form
from app.sandbox.config import SandboxConfig
from app.sandbox.faults import Fault, FaultPlan
from app.sandbox.inquiry import paid_answer
from app.sandbox.journeys import journey, release
from app.sandbox.rates import commission
from app.sandbox.rules import BAD_FIELD, refusal, token_matches
from app.sandbox.shelf import Shelf

GAVE_UP: Final = "6"
TEST_PAN: Final = "435508AAA4358"


class Simulator:
    """One sandbox: its configuration, its book and its courier."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self.faults = FaultPlan(config.seed, config.fault_rates)
        self._shelf = Shelf(config.book_path) if config.book_path else None
        self.book = Book(self._shelf, config.merchants)
        self.courier = Courier(config, self.book)

    def resume(self) -> None:
        """Send on what an earlier process still owed the merchant."""
        for order in self.book:
            self._send_on(order, [notice for notice in order.notices if notice.is_owed])

    async def close(self) -> None:
        """Stop sending and close the book."""
        await self.courier.close()
        if self._shelf is not None:
            self._shelf.close()

    def get_token(self, form: Mapping[str, str], at: datetime) -> dict[str, str]:
        """Answer get-token as PayTR does, entering the order when it is granted."""
        merchant = self.config.merchant(form.get("merchant_id", ""))
        reason = refusal(form, merchant)
        if reason is None and self.book.find(form["merchant_oid"]):
            # PayTR refuses a used oid; its words for it are not published.
            reason = BAD_FIELD % "merchant_oid"
        if reason is not None or merchant is None:
            return {"status": "failed", "reason": str(reason)}
        token = secrets.token_hex(32)
        amount = int(form["payment_amount"])
        order = Order(merchant=merchant, token=token, form=dict(form), created_at=at, amount=amount)
        self.book.add(order)
        if self.faults.strikes(Fault.EARLY, order.merchant_oid):
            # The quickest buyer there is: paid before the merchant knows the page.
            self.pay(order, at)
        return {"status": "success", "token": token}

    def status(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer durum-sorgu: 004 unless a payment succeeded, whatever else is known."""
        merchant = self.config.merchant(form.get("merchant_id", ""))
        if merchant is None:
            return _error("001", "Gecersiz istek veya magaza aktif degil")
        if not form.get("merchant_oid"):
            return _error("002", "merchant_oid gonderilmedi")
        if not token_matches("status_query", merchant, form):
            return _error("003", "paytr_token gonderilmedi veya gecersiz")
        order = self.book.find(form["merchant_oid"])
        if order is None or order.merchant != merchant or order.state is not OrderState.PAID:
            return _error("004", "merchant_oid ile basarili odeme bulunamadi")
        return paid_answer(order)

    def pay(
        self,
        order: Order,
        at: datetime,
        *,
        total_amount: int | None = None,
        installment_count: int = 1,
        masked_pan: str = "",
    ) -> None:
        """Take the money, exactly the amount unless told otherwise, keep the card, send the callback."""
        faults = self.faults.of(order.merchant_oid)
        total = order.amount if total_amount is None else total_amount
        if Fault.SURCHARGE in faults and total_amount is None:
            total, installment_count = self._surcharge(order)
        pan = masked_pan or order.masked_pan or TEST_PAN
        order.pay(at, total_amount=total, installment_count=installment_count, masked_pan=pan)
        if order.card is not None:
            self.book.keep_card(order.card)
        if Fault.OTHER_CURRENCY in faults:
            order.collected_currency = "USD" if order.currency == "TL" else "TL"
        if Fault.TEST_FLAG in faults:
            order.collected_in_test = order.test_mode != "1"
        order.commission = commission(self.config, order)
        self.announce(order, success_form(order))

    def decline(self, order: Order, code: str, *, keep_open: bool = False) -> None:
        """Decline the card and send the callback."""
        order.decline(code, keep_open=keep_open)
        self.announce(order, failure_form(order, code))

    def decide(self, order: Order, at: datetime) -> None:
        """Let the decision fall that was announced with wait_callback."""
        if order.decides_code is None:
            self.pay(order, at)
        else:
            self.decline(order, order.decides_code)

    def play_buyer(self, order: Order, at: datetime, *, approve_rate: float) -> None:
        """Pay or decline as the seed decides for this order."""
        if self.faults.chance("buyer", order.merchant_oid) < approve_rate:
            self.pay(order, at)
        else:
            codes = tuple(REASONS)
            self.decline(order, codes[self.faults.number("reason", order.merchant_oid, 0, len(codes) - 1)])

    def announce(self, order: Order, form: dict[str, str]) -> None:
        """Send a callback on its way, after the faults that strike its order."""
        notices = journey(self.faults, order, form)
        order.notices.extend(notices)
        self.book.save(order)
        self._send_on(order, [notice for notice in notices if notice.is_owed])

    def release(self, order: Order, *, days: int) -> int:
        """Send what was held back for at most so many days, and return how many callbacks that is."""
        released = release(order, days=days)
        self.book.save(order)
        self.courier.dispatch(order, released)
        return len(released)

    def expire_overdue(self, at: datetime) -> None:
        """Close every page whose time is over, with reason 6, and decide what was left waiting."""
        for order in self.book.undecided(at):
            self.decide(order, at)
        for order in self.book.overdue(at):
            if order.state is OrderState.DECLINED:
                order.frame_open = False
                self.book.save(order)
            else:
                self.decline(order, GAVE_UP)

    def _surcharge(self, order: Order) -> tuple[int, int]:
        installments = self.faults.number("instalments", order.merchant_oid, 2, 12)
        percent = self.faults.number("surcharge", order.merchant_oid, 3, 20)
        return order.amount + max(1, order.amount * percent // 100), installments

    def _send_on(self, order: Order, notices: list[Notice]) -> None:
        if not any(notice.is_held for notice in notices):
            self.courier.dispatch(order, notices)
        elif self.config.late_seconds is not None:
            self.courier.dispatch(order, notices, delay=self.config.late_seconds)


def _error(number: str, message: str) -> dict[str, Any]:
    return {"status": "error", "err_no": number, "err_msg": message}
