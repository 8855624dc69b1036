"""Refunds: the form, and the table of PayTR's error numbers (paytr.md §11)."""

import re
from typing import Final

from app.domain.payments.gateway import GatewayUnreachable, RefundRefused
from app.domain.payments.paytr.amounts import lira_text
from app.domain.payments.paytr.credentials import PaytrCredentials
from app.domain.payments.paytr.messages.answers import lira_of, read_object, refusal_text, text_of
from app.domain.payments.paytr.signing import sign
from app.domain.payments.values import RefundAnswer

REFUND_ERRORS: Final = {
    "000": "temporarily impossible: the record is locked",
    "001": "invalid request or inactive shop",
    "002": "merchant_oid missing",
    "003": "return_amount missing",
    "004": "token missing or wrong",
    "005": "no successful payment for this order",
    "006": "more than what is left of the payment",
    "007": "the payment's callback has not been answered yet",
    "008": "this type of payment cannot be refunded",
    "009": "more than what is left of the payment",
    "010": "not enough net balance at PayTR",
    "011": "older than one year",
}
TEMPORARY: Final = frozenset({"000", "007", "010"})
"""What waiting can mend: a locked record, a callback not yet answered, a balance not yet earned."""

_REFERENCE: Final = re.compile(r"[A-Za-z0-9]{1,64}", re.ASCII)


def refund_form(
    credentials: PaytrCredentials, *, merchant_oid: str, amount: int, reference: str
) -> dict[str, str]:
    """Return the signed order to give back `amount` kuruş, in lira with a dot.

    `reference` is not signed; without it a refund whose answer was lost cannot be found again, so it must
    be 1 to 64 letters and digits. Raises `ValueError`.
    """
    if amount <= 0:
        raise ValueError(f"an amount to give back is positive, not {amount}")
    if not _REFERENCE.fullmatch(reference):
        raise ValueError("a refund's reference must be 1 to 64 ASCII letters and digits")
    form = {
        "merchant_id": credentials.merchant_id,
        "merchant_oid": merchant_oid,
        "return_amount": lira_text(amount),
        "reference_no": reference,
    }
    return {**form, "paytr_token": sign("refund", credentials, form)}


def read_refund(body: str) -> RefundAnswer:
    """Return what was given back. Raises `RefundRefused` with PayTR's number and words."""
    answer = read_object(body)
    match text_of(answer, "status"):
        case "success":
            amount = lira_of(answer, "return_amount")
            return RefundAnswer(amount=amount, is_test=text_of(answer, "is_test") == "1")
        case "error" | "failed":
            # A number that lost its zeros on the way (`7`) is the same number.
            code = text_of(answer, "err_no")
            code = code.zfill(3) if code.isdecimal() else code
            reason = refusal_text(answer, REFUND_ERRORS.get(code, "refused without a reason"))
            raise RefundRefused(code, reason, is_temporary=code in TEMPORARY)
    raise GatewayUnreachable("the refund answered something else than success or error")
