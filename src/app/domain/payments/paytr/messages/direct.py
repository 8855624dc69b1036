"""The Direct API: the form a browser posts with the card, and the charge of a stored card.

Amounts are lira with a dot and two decimals here, and the basket is plain JSON: both differ from the frame.
"""

from typing import Final

from app.domain.payments.gateway import GatewayRefused, GatewayUnreachable
from app.domain.payments.paytr.amounts import lira_text
from app.domain.payments.paytr.credentials import PaytrCredentials
from app.domain.payments.paytr.messages.answers import is_true, read_object, refusal_text, text_of
from app.domain.payments.paytr.messages.buyer import buyer_fields
from app.domain.payments.paytr.messages.frame import wire_basket
from app.domain.payments.paytr.signing import sign
from app.domain.payments.values import ChargeAnswer, ChargeOutcome, PaymentRequest

_OUTCOMES: Final = {
    "success": ChargeOutcome.PAID,
    "wait_callback": ChargeOutcome.WAITING,
    "failed": ChargeOutcome.REFUSED,
}


def card_fields(
    credentials: PaytrCredentials, payment: PaymentRequest, *, store_card: bool, user_token: str | None
) -> dict[str, str]:
    """Return the signed hidden fields of the form that a browser posts, with 3-D Secure.

    A further card needs the `user_token` of the first, or PayTR opens a second drawer for the same buyer.
    """
    form = _signed_payment(credentials, payment, formula="direct_payment", non_3d="0")
    if store_card:
        form["store_card"] = "1"
        if user_token:
            form["utoken"] = user_token
    return form


def stored_card_form(
    credentials: PaytrCredentials, payment: PaymentRequest, *, user_token: str, card_token: str
) -> dict[str, str]:
    """Return the signed form that charges a stored card without the buyer."""
    form = _signed_payment(credentials, payment, formula="recurring_payment", non_3d="1")
    return {**form, "recurring_payment": "1", "utoken": user_token, "ctoken": card_token}


def read_charge(body: str) -> ChargeAnswer:
    """Return the answer to a charge of a stored card.

    A failure that names no `msg` is about our request, not about the card: `GatewayRefused`.
    """
    answer = read_object(body)
    status, message = text_of(answer, "status"), text_of(answer, "msg")
    outcome = _OUTCOMES.get(status)
    if status == "error" or (outcome is ChargeOutcome.REFUSED and not message):
        raise GatewayRefused(refusal_text(answer, "the charge was refused without a reason"))
    if outcome is None:
        raise GatewayUnreachable("the charge answered something else than success, failed or wait_callback")
    may_retry = is_true(text_of(answer, "try_again")) if outcome is ChargeOutcome.REFUSED else None
    return ChargeAnswer(outcome, message, may_retry)


def _signed_payment(
    credentials: PaytrCredentials, payment: PaymentRequest, *, formula: str, non_3d: str
) -> dict[str, str]:
    form = {
        **buyer_fields(credentials, payment),
        "payment_type": "card",
        "payment_amount": lira_text(payment.amount),
        "installment_count": "0",
        "non_3d": non_3d,
        "user_basket": wire_basket(payment.basket),
        "client_lang": payment.language,
    }
    return {**form, "paytr_token": sign(formula, credentials, form)}
