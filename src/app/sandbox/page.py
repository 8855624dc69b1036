"""The sandbox's own pages: orders with their buttons, cards, payouts and faults. They post plain forms."""

from collections.abc import Callable
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template

from app.lib.clock import now
from app.sandbox.book import Book, Order, OrderState
from app.sandbox.callbacks import REASONS
from app.sandbox.control import Callback, find_order, send_at_once
from app.sandbox.deck import test_cards
from app.sandbox.endpoints import form_of
from app.sandbox.faults import MEANING, Fault
from app.sandbox.journeys import FORGED_HASH
from app.sandbox.simulator import GAVE_UP, Simulator
from app.sandbox.texts import DECLINE_LABELS
from app.sandbox.views import callback_counts, card_view, order_view, payout_view, payouts, totals

PAGE_SIZE: Final = 20
ALL_DAYS: Final = 3650
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

Text = Annotated[str, QueryParameter()]


@get("/")
async def show_orders(
    simulator: NamedDependency[Simulator],
    q: Text = "",
    order_state: Annotated[str, QueryParameter(name="state")] = "",
    page: Annotated[int, QueryParameter(ge=1)] = 1,
) -> Template:
    """Show the orders that match, newest first, a page of them."""
    found = matching(simulator.book, q, order_state)
    start = (page - 1) * PAGE_SIZE
    return _page(
        simulator,
        "book.html.j2",
        orders=[order_view(simulator, order) for order in found[start : start + PAGE_SIZE]],
        found=len(found),
        query={"q": q, "state": order_state},
        back=_link(q, order_state, page) if q or order_state or page > 1 else "/",
        newer=_link(q, order_state, page - 1) if page > 1 else None,
        older=_link(q, order_state, page + 1) if start + PAGE_SIZE < len(found) else None,
        states=[known.value for known in OrderState],
        decline_labels=DECLINE_LABELS["en"],
        meanings=MEANING,
    )


@get("/cards")
async def show_cards(simulator: NamedDependency[Simulator]) -> Template:
    """Show the test cards and what is stored."""
    stored = [card_view(card) for card in simulator.book.cards()]
    return _page(simulator, "cards.html.j2", test_cards=test_cards(), stored=stored)


@get("/payouts")
async def show_payouts(simulator: NamedDependency[Simulator]) -> Template:
    """Show what was and will be paid out, and the sums of the book."""
    at = now()
    rows = [payout_view(payout, at) for payout in payouts(simulator)]
    return _page(simulator, "payouts.html.j2", payouts=rows, totals=totals(simulator.book))


@get("/faults")
async def show_faults(simulator: NamedDependency[Simulator]) -> Template:
    """Show every fault, its rate, and what is scripted."""
    return _page(
        simulator,
        "faults.html.j2",
        meanings=MEANING,
        plan=simulator.faults,
        counts=callback_counts(simulator.book),
    )


@post("/orders/{merchant_oid:str}", status_code=303)
async def press_button(
    request: Request[Any, Any, Any], merchant_oid: FromPath[str], simulator: NamedDependency[Simulator]
) -> Redirect:
    """Do what a button of an order says, then show the book again."""
    order = find_order(simulator, merchant_oid)
    form = await form_of(request)
    action, code = form.get("action", ""), form.get("code", GAVE_UP)
    if action in LEVERS:
        LEVERS[action](simulator, order, code)
    elif action == "script":
        simulator.faults.script(merchant_oid, [fault for fault in Fault if fault in form])
    elif action in BUTTONS:
        await send_at_once(simulator, order, BUTTONS[action](order))
    back = form.get("back", "")
    return Redirect(back if back.startswith("/?") else "/", status_code=303)


@post("/release", status_code=303)
async def press_release(simulator: NamedDependency[Simulator]) -> Redirect:
    """Send every callback that is held back."""
    for order in simulator.book.with_held_callbacks():
        simulator.release(order, days=ALL_DAYS)
    return Redirect("/faults", status_code=303)


def matching(book: Book, text: str, state: str) -> list[Order]:
    """Return the orders in a state, or any, whose oid or e-mail contains a text; newest first."""
    wanted = text.strip().casefold()
    return [
        order
        for order in book
        if state in {"", order.state.value}
        and (wanted in order.merchant_oid.casefold() or wanted in order.form["email"].casefold())
    ]


def _decline(simulator: Simulator, order: Order, code: str) -> None:
    simulator.decline(order, code if code in REASONS else GAVE_UP)


def _as_it_ended(order: Order, *, times: int = 1) -> Callback:
    if order.total_amount is None:
        return Callback(status="failed", failed_reason_code=order.reason_code or GAVE_UP, times=times)
    return Callback(times=times)


LEVERS: Final[dict[str, Callable[[Simulator, Order, str], object]]] = {
    "pay": lambda simulator, order, _: simulator.pay(order, now()),
    "decline": _decline,
    "release": lambda simulator, order, _: simulator.release(order, days=ALL_DAYS),
}
"""What the buttons that change an order do."""

BUTTONS: Final[dict[str, Callable[[Order], Callback]]] = {
    "repeat": _as_it_ended,
    "burst": lambda order: _as_it_ended(order, times=10),
    "forge": lambda order: Callback(hash=FORGED_HASH),
    "short": lambda order: Callback(total_amount=order.amount - 1),
    "long": lambda order: Callback(total_amount=order.amount + 1),
}
"""What the buttons that send a callback by hand send."""


def _link(q: str, state: str, page: int) -> str:
    return "/?" + urlencode({"q": q, "state": state, "page": page})


def _page(simulator: Simulator, name: str, **context: Any) -> Template:
    return Template(
        template_name=name,
        context={"config": simulator.config, "tab": name, **context},
        headers={"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-store"},
    )
