"""The levers of one order: play the buyer and PayTR's callback system by hand.

JSON for tests and tools; `app.sandbox.page` has the same levers as buttons.
"""

import asyncio
from typing import Annotated, Any, Literal

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, JSONBody

from app.lib.clock import now
from app.sandbox.book import Notice, Order
from app.sandbox.callbacks import failure_form, signed, success_form
from app.sandbox.simulator import Simulator
from app.sandbox.views import attempt_view, order_view


class Payment(msgspec.Struct, forbid_unknown_fields=True):
    """How an order is paid; `total_amount` in kuruş, by default what was asked."""

    total_amount: Annotated[int, msgspec.Meta(ge=0)] | None = None
    installment_count: Annotated[int, msgspec.Meta(ge=0, le=12)] = 1


class Decline(msgspec.Struct, forbid_unknown_fields=True):
    """Why an order is declined, and whether its page stays open for another card."""

    code: str = "0"
    keep_open: bool = False


class Callback(msgspec.Struct, forbid_unknown_fields=True):
    """A callback made by hand: signed over what it says unless `hash` is given, sent `times` at once.

    It changes nothing in the book but the list of callbacks, and is not repeated.
    """

    status: Literal["success", "failed"] = "success"
    times: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1
    failed_reason_code: str = "0"
    merchant_oid: str | None = None
    total_amount: int | None = None
    payment_amount: int | None = None
    currency: str | None = None
    test_mode: bool | None = None
    hash: str | None = None

    def form(self, order: Order) -> dict[str, str]:
        """Return what is posted for an order: its own facts, then what this callback says instead."""
        form = (
            success_form(order) if self.status == "success" else failure_form(order, self.failed_reason_code)
        )
        for name in ("merchant_oid", "total_amount", "payment_amount", "currency"):
            if (value := getattr(self, name)) is not None:
                form[name] = str(value)
        if self.test_mode is not None:
            form["test_mode"] = "1" if self.test_mode else "0"
        return signed(order, form) if self.hash is None else {**form, "hash": self.hash}


@get("/control/orders")
async def list_orders(simulator: NamedDependency[Simulator]) -> list[dict[str, Any]]:
    """Return every order, newest first."""
    return [order_view(simulator, order) for order in simulator.book]


@get("/control/orders/{merchant_oid:str}")
async def show_order(merchant_oid: FromPath[str], simulator: NamedDependency[Simulator]) -> dict[str, Any]:
    """Return one order."""
    return order_view(simulator, find_order(simulator, merchant_oid))


@post("/control/orders/{merchant_oid:str}/pay", status_code=200)
async def pay_order(
    merchant_oid: FromPath[str], data: JSONBody[Payment], simulator: NamedDependency[Simulator]
) -> dict[str, Any]:
    """Pay an order, also one that was declined before; the callback follows in the background."""
    order = find_order(simulator, merchant_oid)
    simulator.pay(order, now(), total_amount=data.total_amount, installment_count=data.installment_count)
    return order_view(simulator, order)


@post("/control/orders/{merchant_oid:str}/decline", status_code=200)
async def decline_order(
    merchant_oid: FromPath[str], data: JSONBody[Decline], simulator: NamedDependency[Simulator]
) -> dict[str, Any]:
    """Decline an order; the callback follows in the background."""
    order = find_order(simulator, merchant_oid)
    simulator.decline(order, data.code, keep_open=data.keep_open)
    return order_view(simulator, order)


@post("/control/orders/{merchant_oid:str}/callback", status_code=200)
async def send_callback(
    merchant_oid: FromPath[str], data: JSONBody[Callback], simulator: NamedDependency[Simulator]
) -> dict[str, Any]:
    """Send a callback by hand and return every answer."""
    attempts = await send_at_once(simulator, find_order(simulator, merchant_oid), data)
    return {"merchant_oid": merchant_oid, "attempts": attempts}


async def send_at_once(simulator: Simulator, order: Order, callback: Callback) -> list[dict[str, Any]]:
    """Post the same callback `times` at the same moment and return the answers."""
    notice = Notice(callback.form(order))
    order.notices.append(notice)
    attempts = await asyncio.gather(*(simulator.courier.send(order, notice) for _ in range(callback.times)))
    return [attempt_view(attempt) for attempt in attempts]


def find_order(simulator: Simulator, merchant_oid: str) -> Order:
    """Return an order of the book. Raises 404."""
    order = simulator.book.find(merchant_oid)
    if order is None:
        raise NotFoundException(f"the book has no order {merchant_oid}")
    return order
