"""Orders of the past: a merchant's history entered as PayTR would have it, for the reports to rest on."""

import secrets
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from app.domain.payments.paytr.credentials import PaytrCredentials
from app.sandbox.book import Attempt, Channel, Notice, Order, Refund
from app.sandbox.callbacks import failure_form, success_form
from app.sandbox.rates import commission, commission_returned
from app.sandbox.simulator import TEST_PAN, Simulator

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Kurus = Annotated[int, msgspec.Meta(ge=1)]


class NoSuchPast(Exception):
    """Something that PayTR's book could not say."""


class PastRefund(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Money given back, in kuruş."""

    amount: Kurus
    at: Instant
    reference: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9]{0,64}$")] = ""


class PastOrder(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A decided order; `at` is when it was paid or declined, amounts are kuruş.

    One whose callback was not accepted is still owed it: the callback is sent as after any payment.
    """

    merchant_oid: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9]{1,64}$")]
    amount: Kurus
    at: Instant
    state: Literal["paid", "declined"] = "paid"
    total_amount: Kurus | None = None
    installment_count: Annotated[int, msgspec.Meta(ge=1, le=12)] = 1
    currency: Literal["TL", "EUR", "USD", "GBP", "RUB"] = "TL"
    channel: Channel = Channel.FRAME
    test_mode: bool = False
    reason_code: str = "0"
    email: str = ""
    merchant_id: str = ""
    callback_accepted: bool = True
    refunds: tuple[PastRefund, ...] = ()

    @property
    def total(self) -> int:
        """What was collected, in kuruş."""
        return self.amount if self.total_amount is None else self.total_amount


def enter(simulator: Simulator, past: list[PastOrder], at: datetime) -> list[str]:
    """Enter orders that are not in the book, oldest first, and return their oids; all of them or none.

    What the book has stays as it is. Raises `NoSuchPast`.
    """
    wanted = {order.merchant_oid: (order, _merchant(simulator, order, at)) for order in past}
    if len(wanted) < len(past):
        raise NoSuchPast("an oid is never used twice")
    new = [entry for oid, entry in wanted.items() if simulator.book.find(oid) is None]
    for order, merchant in sorted(new, key=lambda entry: entry[0].at):
        _enter(simulator, order, merchant)
    return [order.merchant_oid for order, _ in new]


def _merchant(simulator: Simulator, past: PastOrder, at: datetime) -> PaytrCredentials:
    """Return whose order it is, after a look at what no type can hold."""
    merchant_id = past.merchant_id or simulator.config.merchants[0].merchant_id
    merchant = simulator.config.merchant(merchant_id)
    if merchant is None:
        raise NoSuchPast(f"{past.merchant_oid}: there is no merchant {merchant_id}")
    if max([past.at, *(refund.at for refund in past.refunds)]) > at:
        raise NoSuchPast(f"{past.merchant_oid}: the past does not lie ahead")
    if any(refund.at < past.at for refund in past.refunds):
        raise NoSuchPast(f"{past.merchant_oid}: it was refunded before it was paid")
    if sum(refund.amount for refund in past.refunds) > (past.total if past.state == "paid" else 0):
        raise NoSuchPast(f"{past.merchant_oid}: more was refunded than was paid")
    return merchant


def _enter(simulator: Simulator, past: PastOrder, merchant: PaytrCredentials) -> None:
    order = Order(
        merchant=merchant,
        token=secrets.token_hex(32),
        form=_form(past, merchant),
        created_at=past.at,
        amount=past.amount,
        channel=past.channel,
        frame_open=False,
    )
    if past.state == "paid":
        _take(simulator, order, past)
        callback = success_form(order)
    else:
        order.decline(past.reason_code, keep_open=False)
        callback = failure_form(order, past.reason_code)
    if past.callback_accepted:
        order.notices.append(Notice(callback, attempts=[Attempt(past.at, 200, "OK", accepted=True)]))
    simulator.book.add(order)
    if not past.callback_accepted:
        simulator.announce(order, callback)


def _take(simulator: Simulator, order: Order, past: PastOrder) -> None:
    order.pay(
        past.at,
        total_amount=past.total,
        installment_count=past.installment_count,
        masked_pan=TEST_PAN,
    )
    order.commission = commission(simulator.config, order)
    for refund in sorted(past.refunds, key=lambda refund: refund.at):
        returned = commission_returned(order, refund.amount)
        order.refunds.append(
            Refund(amount=refund.amount, reference=refund.reference, at=refund.at, commission=returned)
        )


def _form(past: PastOrder, merchant: PaytrCredentials) -> dict[str, str]:
    """Return what of a posted form the book still reads; nobody's browser waits to be sent back."""
    return {
        "merchant_id": merchant.merchant_id,
        "merchant_oid": past.merchant_oid,
        "email": past.email,
        "currency": past.currency,
        "test_mode": "1" if past.test_mode else "0",
        "merchant_ok_url": "/",
        "merchant_fail_url": "/",
    }
