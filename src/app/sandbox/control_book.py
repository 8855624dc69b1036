"""The whole book at once: to compare it, to bring one's own past into it, to let many buyers decide."""

from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.params import JSONBody

from app.lib.clock import now
from app.sandbox.book import OrderState
from app.sandbox.control import find_order
from app.sandbox.past import NoSuchPast, PastOrder, enter
from app.sandbox.simulator import Simulator
from app.sandbox.views import book_view


class Buyers(msgspec.Struct, forbid_unknown_fields=True):
    """The buyers who decide now: those of the named orders, or of every open page.

    `approve_rate` is the chance to pay; the rest is declined with a code the seed picks.
    """

    merchant_oids: list[str] | None = None
    approve_rate: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.8


@get("/control/book")
async def read_book(simulator: NamedDependency[Simulator]) -> dict[str, Any]:
    """Return every order, refund, card count and payout, and whether callbacks are still on their way."""
    return book_view(simulator, now())


@post("/control/orders/pay-many", status_code=200)
async def pay_many(data: JSONBody[Buyers], simulator: NamedDependency[Simulator]) -> dict[str, list[str]]:
    """Let many buyers decide at once; who pays depends on seed and oid alone. Decided orders stay."""
    if data.merchant_oids is None:
        orders = simulator.book.with_open_frame()
    else:
        orders = [find_order(simulator, oid) for oid in dict.fromkeys(data.merchant_oids)]
    decided = [order for order in orders if order.state is OrderState.OPEN]
    for order in decided:
        simulator.play_buyer(order, now(), approve_rate=data.approve_rate)
    return {
        "paid": [order.merchant_oid for order in decided if order.state is OrderState.PAID],
        "declined": [order.merchant_oid for order in decided if order.state is OrderState.DECLINED],
    }


@post("/control/orders", status_code=200)
async def enter_past(
    data: JSONBody[list[PastOrder]], simulator: NamedDependency[Simulator]
) -> dict[str, list[str]]:
    """Enter orders of the past; those the book has stay as they are."""
    try:
        entered = enter(simulator, data, now())
    except NoSuchPast as error:
        raise ClientException(str(error)) from error
    known = [order.merchant_oid for order in data if order.merchant_oid not in set(entered)]
    return {"entered": entered, "known": known}
