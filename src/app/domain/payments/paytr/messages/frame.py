"""The payment page (iFrame API): its get-token form and the answer."""

import json
from base64 import b64encode

from app.domain.payments.gateway import GatewayRefused, GatewayUnreachable
from app.domain.payments.paytr.amounts import lira_text
from app.domain.payments.paytr.credentials import PaytrCredentials
from app.domain.payments.paytr.messages.answers import read_object
from app.domain.payments.paytr.messages.buyer import buyer_fields, flag
from app.domain.payments.paytr.signing import sign
from app.domain.payments.values import BasketLine, FrameRequest


def frame_form(credentials: PaytrCredentials, request: FrameRequest) -> dict[str, str]:
    """Return the signed get-token form; the amount is whole kuruş here. Raises as `buyer_fields`."""
    form = {
        **buyer_fields(credentials, request),
        "payment_amount": str(request.amount),
        "user_basket": b64encode(wire_basket(request.basket).encode()).decode(),
        "no_installment": flag(request.no_installment),
        "max_installment": "0",
        "timeout_limit": str(request.timeout_minutes),
        "lang": request.language,
    }
    return {**form, "paytr_token": sign("iframe_get_token", credentials, form)}


def wire_basket(basket: tuple[BasketLine, ...]) -> str:
    """Return the basket as JSON: name, unit price in lira with two decimals, quantity."""
    lines = [[line.name, lira_text(line.unit_price), line.quantity] for line in basket]
    return json.dumps(lines, ensure_ascii=False, separators=(",", ":"))


def read_token(body: str) -> str:
    """Return the token of a get-token answer.

    Raises `GatewayRefused` when PayTR said no, `GatewayUnreachable` when this is not an answer of PayTR.
    """
    answer = read_object(body)
    if answer.get("status") == "success" and isinstance(answer.get("token"), str) and answer["token"]:
        return str(answer["token"])
    if answer.get("status") == "failed":
        raise GatewayRefused(str(answer.get("reason") or "get-token failed without a reason"))
    raise GatewayUnreachable("get-token answered something else than success or failed")
