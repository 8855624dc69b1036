"""The hosted payment page, as it is shown in the shop's iframe.

Works without JavaScript; with it the whole window follows to the shop's return address.
"""

from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import File, Template

from app.domain.payments.paytr.messages import FRAME_PATH, SCRIPT_PATH
from app.lib.clock import now
from app.lib.i18n import format_money
from app.lib.money import Money
from app.sandbox.book import Order, OrderState
from app.sandbox.callbacks import REASONS
from app.sandbox.cards import PREFILLED, CardForm
from app.sandbox.deck import DECK, conduct_of_masked
from app.sandbox.endpoints import form_of
from app.sandbox.simulator import GAVE_UP, Simulator
from app.sandbox.texts import DECLINE_LABELS, TEXTS
from app.sandbox.views import STATIC

APPROVE = "approve"
RETRY = "retry"

# The shop frames this page from any address of its own; nothing inline runs in it.
FRAME_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors *"
)
HEADERS = {
    "Content-Security-Policy": FRAME_POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@get(f"{FRAME_PATH}/{{token:str}}")
async def show_frame(token: FromPath[str], simulator: NamedDependency[Simulator]) -> Template:
    """Show the card form, or how this payment ended."""
    order = simulator.book.find_by_token(token)
    if order is None:
        return _page("unknown.html.j2", "tr", status_code=404)
    return _card_page(order) if order.frame_open else _ended(order, leave=False)


@post(f"{FRAME_PATH}/{{token:str}}", status_code=200)
async def submit_frame(
    request: Request[Any, Any, Any], token: FromPath[str], simulator: NamedDependency[Simulator]
) -> Template:
    """Do with the card what the form asks for."""
    order = simulator.book.find_by_token(token)
    if order is None:
        return _page("unknown.html.j2", "tr", status_code=404)
    if not order.frame_open:
        return _ended(order, leave=True)
    return _play(simulator, order, await form_of(request))


@get(SCRIPT_PATH)
async def frame_script() -> File:
    """Serve the script that fits the frame to its page, at PayTR's address for theirs."""
    return File(STATIC / "iframe_resizer.js", media_type="text/javascript", content_disposition_type="inline")


def _play(simulator: Simulator, order: Order, form: dict[str, str]) -> Template:
    if form.get("action") == "close":
        simulator.decline(order, GAVE_UP)
        return _ended(order, leave=True)
    card = CardForm.from_form(form)
    if problems := card.problems():
        return _card_page(order, form=form, problems=problems, status_code=422)
    outcome = form.get("outcome", APPROVE)
    if outcome == APPROVE:
        outcome = conduct_of_masked(card.masked).decline_code or APPROVE
    if outcome == RETRY:
        simulator.decline(order, "0", keep_open=True)
        return _card_page(order, form=form, declined=True)
    if outcome in REASONS:
        simulator.decline(order, outcome)
    else:
        simulator.pay(order, now(), masked_pan=card.masked)
    return _ended(order, leave=True)


def _card_page(
    order: Order,
    *,
    form: dict[str, str] | None = None,
    problems: dict[str, str] | None = None,
    declined: bool = False,
    status_code: int = 200,
) -> Template:
    return _page(
        "card.html.j2",
        order.language,
        status_code=status_code,
        order=order,
        price=price_of(order),
        values={name: (form or PREFILLED).get(name, "") for name in PREFILLED},
        outcome=APPROVE if declined else (form or {}).get("outcome", APPROVE),
        problems=problems or {},
        declined=declined,
        decline_labels=DECLINE_LABELS[order.language],
        test_cards=[card.number for card in DECK],
    )


def _ended(order: Order, *, leave: bool) -> Template:
    paid = order.state is OrderState.PAID
    return _page(
        "ended.html.j2",
        order.language,
        paid=paid,
        price=price_of(order),
        leave=leave,
        return_url=order.form["merchant_ok_url" if paid else "merchant_fail_url"],
    )


def price_of(order: Order) -> str:
    """Return what an order asks for, as its buyer reads it."""
    currency = "TRY" if order.currency == "TL" else order.currency
    return format_money(Money(order.amount, currency), order.language)


def _page(name: str, language: str, *, status_code: int = 200, **context: Any) -> Template:
    return Template(
        template_name=name,
        context={"language": language, "t": TEXTS[language], **context},
        status_code=status_code,
        headers=HEADERS,
    )
