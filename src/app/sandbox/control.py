"""The levers: play the buyer and PayTR's callback system by hand, as an API and as a page.

The API is what tests use. The page is for people; its buttons post forms and come back to it.
"""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Template

from app.lib.clock import now
from app.sandbox.book import Notice, Order
from app.sandbox.callbacks import REASONS, failure_form, signed, success_form
from app.sandbox.endpoints import form_of
from app.sandbox.journeys import FORGED_HASH
from app.sandbox.simulator import GAVE_UP, Simulator
from app.sandbox.texts import DECLINE_LABELS
from app.sandbox.views import attempt_view, order_view

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


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
    return [order_view(simulator.config, order) for order in simulator.book]


@get("/control/orders/{merchant_oid:str}")
async def show_order(merchant_oid: FromPath[str], simulator: NamedDependency[Simulator]) -> dict[str, Any]:
    """Return one order."""
    return order_view(simulator.config, _order(simulator, merchant_oid))


@post("/control/orders/{merchant_oid:str}/pay", status_code=200)
async def pay_order(
    merchant_oid: FromPath[str], data: Payment, simulator: NamedDependency[Simulator]
) -> dict[str, Any]:
    """Pay an order, also one that was declined before; the callback follows in the background."""
    order = _order(simulator, merchant_oid)
    simulator.pay(order, now(), total_amount=data.total_amount, installment_count=data.installment_count)
    return order_view(simulator.config, order)


@post("/control/orders/{merchant_oid:str}/decline", status_code=200)
async def decline_order(
    merchant_oid: FromPath[str], data: Decline, simulator: NamedDependency[Simulator]
) -> dict[str, Any]:
    """Decline an order; the callback follows in the background."""
    order = _order(simulator, merchant_oid)
    simulator.decline(order, data.code, keep_open=data.keep_open)
    return order_view(simulator.config, order)


@post("/control/orders/{merchant_oid:str}/callback", status_code=200)
async def send_callback(
    merchant_oid: FromPath[str], data: Callback, simulator: NamedDependency[Simulator]
) -> dict[str, Any]:
    """Send a callback by hand and return every answer."""
    attempts = await send_at_once(simulator, _order(simulator, merchant_oid), data)
    return {"merchant_oid": merchant_oid, "attempts": attempts}


@get("/")
async def show_book(simulator: NamedDependency[Simulator]) -> Template:
    """Show the book and its buttons."""
    return Template(
        template_name="book.html.j2",
        context={
            "orders": [order_view(simulator.config, order) for order in simulator.book],
            "config": simulator.config,
            "decline_labels": DECLINE_LABELS["en"],
        },
        headers={"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-store"},
    )


@post("/orders/{merchant_oid:str}", status_code=303)
async def press_button(
    request: Request[Any, Any, Any], merchant_oid: FromPath[str], simulator: NamedDependency[Simulator]
) -> Redirect:
    """Do what a button of the page says, then show the book again."""
    order = _order(simulator, merchant_oid)
    form = await form_of(request)
    action, code = form.get("action", ""), form.get("code", GAVE_UP)
    if action == "pay":
        simulator.pay(order, now())
    elif action == "decline":
        simulator.decline(order, code if code in REASONS else GAVE_UP)
    elif action in BUTTONS:
        await send_at_once(simulator, order, BUTTONS[action](order))
    return Redirect("/", status_code=303)


async def send_at_once(simulator: Simulator, order: Order, callback: Callback) -> list[dict[str, Any]]:
    """Post the same callback `times` at the same moment and return the answers."""
    notice = Notice(callback.form(order))
    order.notices.append(notice)
    attempts = await asyncio.gather(*(simulator.courier.send(order, notice) for _ in range(callback.times)))
    return [attempt_view(attempt) for attempt in attempts]


def _as_it_ended(order: Order, *, times: int = 1) -> Callback:
    if order.total_amount is None:
        return Callback(status="failed", failed_reason_code=order.reason_code or GAVE_UP, times=times)
    return Callback(times=times)


BUTTONS: Final[dict[str, Callable[[Order], Callback]]] = {
    "repeat": _as_it_ended,
    "burst": lambda order: _as_it_ended(order, times=10),
    "forge": lambda order: Callback(hash=FORGED_HASH),
    "short": lambda order: Callback(total_amount=order.amount - 1),
    "long": lambda order: Callback(total_amount=order.amount + 1),
}
"""What each button of the page sends."""


def _order(simulator: Simulator, merchant_oid: str) -> Order:
    order = simulator.book.find(merchant_oid)
    if order is None:
        raise NotFoundException(f"the book has no order {merchant_oid}")
    return order
