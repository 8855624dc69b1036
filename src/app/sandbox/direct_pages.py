"""What a browser meets at `/odeme`: the bank's SMS code page, and the ways back to the shop.

Works without JavaScript; with it the last form, which carries the failure to the shop, sends itself.
"""

from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template

from app.domain.payments.paytr.messages.paths import PAYMENT_PATH
from app.lib.clock import now
from app.sandbox.bank import Verdict
from app.sandbox.book import Order, OrderState
from app.sandbox.callbacks import REASONS
from app.sandbox.card_rules import CardRefused, RequestRefused
from app.sandbox.direct import accept, authorise, charge, sync_answer
from app.sandbox.endpoints import form_of
from app.sandbox.frame import price_of
from app.sandbox.secure_texts import SECURE_TEXTS
from app.sandbox.simulator import GAVE_UP, Simulator

SECURE_PATH: Final = "/odeme/3d"
SMS_CODE: Final = "123456"
NO_PHONE: Final = "1"
WRONG_CODE: Final = "2"

# These pages post to the shop's own address, which nobody knows here.
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "form-action 'self' http: https:; base-uri 'none'; frame-ancestors *"
)
Answer = Response[dict[str, Any]] | Redirect | Template


@post(PAYMENT_PATH, status_code=200)
async def pay_directly(request: Request[Any, Any, Any], simulator: NamedDependency[Simulator]) -> Answer:
    """Take a card from a browser, or a charge from a merchant's server."""
    form = await form_of(request)
    if form.get("recurring_payment") == "1":
        return Response(charge(simulator, form, now()))
    return _json(simulator, form) if form.get("sync_mode") == "1" else _browse(simulator, form)


@get(f"{SECURE_PATH}/{{token:str}}")
async def show_code_page(token: FromPath[str], simulator: NamedDependency[Simulator]) -> Redirect | Template:
    """Ask for the SMS code, or lead on when this payment has ended."""
    order = simulator.book.find_by_token(token)
    if order is None:
        return _unknown()
    return _code_page(order) if order.frame_open else _back(order)


@post(f"{SECURE_PATH}/{{token:str}}", status_code=200)
async def submit_code(
    request: Request[Any, Any, Any], token: FromPath[str], simulator: NamedDependency[Simulator]
) -> Redirect | Template:
    """Do with the payment what the buyer says on the bank's page."""
    order = simulator.book.find_by_token(token)
    if order is None:
        return _unknown()
    if order.frame_open:
        _confirm(simulator, order, await form_of(request))
    return _back(order)


def _json(simulator: Simulator, form: dict[str, str]) -> Response[dict[str, Any]]:
    try:
        order, _ = accept(simulator, form, now())
    except (RequestRefused, CardRefused) as refusal:
        return Response({"status": "failed", "msg": str(refusal)})
    return Response(sync_answer(order, authorise(simulator, order, now())))


def _browse(simulator: Simulator, form: dict[str, str]) -> Redirect | Template:
    try:
        order, _ = accept(simulator, form, now())
    except RequestRefused as refusal:
        return _page("direct_refused.html.j2", form.get("client_lang", ""), 400, reason=str(refusal))
    except CardRefused as refusal:
        return _fail(form["merchant_fail_url"], form.get("client_lang", ""), str(refusal))
    if order.frame_open:
        return Redirect(f"{SECURE_PATH}/{order.token}", status_code=303)
    decision = authorise(simulator, order, now())
    if decision.verdict is Verdict.WAITING:
        return Redirect(order.form["merchant_ok_url"], status_code=303)
    return _back(order)


def _confirm(simulator: Simulator, order: Order, form: dict[str, str]) -> None:
    action = form.get("action", "")
    if action == "cancel":
        simulator.decline(order, GAVE_UP)
    elif action == "no_phone":
        simulator.decline(order, NO_PHONE)
    elif form.get("sms_code", "").strip() != SMS_CODE:
        simulator.decline(order, WRONG_CODE)
    else:
        authorise(simulator, order, now())


def _back(order: Order) -> Redirect | Template:
    if order.state is OrderState.PAID:
        return Redirect(order.form["merchant_ok_url"], status_code=303)
    reason = REASONS.get(order.reason_code or GAVE_UP, REASONS["0"])
    return _fail(order.form["merchant_fail_url"], order.language, reason)


def _code_page(order: Order) -> Template:
    return _page(
        "secure.html.j2",
        order.language,
        order=order,
        price=price_of(order),
        last_four=order.masked_pan[-4:],
        sms_code=SMS_CODE,
    )


def _fail(url: str, language: str, message: str) -> Template:
    return _page("direct_failed.html.j2", language, fail_url=url, message=message)


def _unknown() -> Template:
    return _page("direct_refused.html.j2", "tr", 404, reason="")


def _page(name: str, language: str, status_code: int = 200, **context: Any) -> Template:
    language = "en" if language == "en" else "tr"
    return Template(
        template_name=name,
        context={"language": language, "t": SECURE_TEXTS[language], **context},
        status_code=status_code,
        headers={
            "Content-Security-Policy": PAGE_POLICY,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        },
    )
