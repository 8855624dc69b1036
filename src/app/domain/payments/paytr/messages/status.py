"""The status query: what became of one attempt, and what was given back of it."""

from contextlib import suppress
from typing import Any, Final

from app.domain.payments.gateway import GatewayRefused, GatewayUnreachable
from app.domain.payments.paytr.credentials import PaytrCredentials
from app.domain.payments.paytr.messages.answers import Answer, is_true, lira_of, read_object, text_of
from app.domain.payments.paytr.messages.buyer import iso_currency
from app.domain.payments.paytr.signing import sign
from app.domain.payments.values import Inquiry, Returned

_OUR_FAULT: Final = frozenset({"001", "002", "003"})


class InquiryRefused(GatewayRefused):
    """PayTR refused the question itself: `code` 001 merchant, 002 oid, 003 token (key or salt)."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code


def status_form(credentials: PaytrCredentials, merchant_oid: str) -> dict[str, str]:
    """Return the signed status query."""
    form = {"merchant_id": credentials.merchant_id, "merchant_oid": merchant_oid}
    return {**form, "paytr_token": sign("status_query", credentials, form)}


def read_inquiry(body: str) -> Inquiry:
    """Return what a status answer says.

    Every error but those about our own request reads as "not found": 004 covers unknown, pending and
    failed alike. Raises `InquiryRefused` and `GatewayUnreachable`.
    """
    answer = read_object(body)
    if answer.get("status") != "success":
        return _not_found(answer, body)
    return Inquiry(
        found=True,
        raw=body,
        amount=lira_of(answer, "payment_amount"),
        total=lira_of(answer, "payment_total"),
        currency=iso_currency(text_of(answer, "currency")) or None,
        test_mode=is_true(text_of(answer, "test_mode")),
        net=_optional(answer, "net_tutar"),
        commission=_optional(answer, "kesinti_tutari"),
        returns=tuple(_returned(item) for item in _items(answer.get("returns"))),
    )


def _not_found(answer: Answer, body: str) -> Inquiry:
    if not answer.keys() & {"status", "err_no"}:
        raise GatewayUnreachable("the status query answered without a status")
    code = text_of(answer, "err_no").zfill(3)
    if code in _OUR_FAULT:
        raise InquiryRefused(code, text_of(answer, "err_msg"))
    return Inquiry(found=False, raw=body)


def _optional(answer: Answer, name: str) -> int | None:
    # For the record only: no decision hangs on these two, so a strange form must not hide a payment.
    with suppress(GatewayUnreachable):
        return lira_of(answer, name)
    return None


def _items(returns: Any) -> list[Any]:
    # PHP writes a list with gaps as an object, and an empty one sometimes as nothing.
    if isinstance(returns, dict):
        return list(returns.values())
    if isinstance(returns, list):
        return returns
    if returns in (None, ""):
        return []
    raise GatewayUnreachable("the status query holds returns that are no list")


def _returned(item: Any) -> Returned:
    # A return that cannot be read must never pass for one that does not exist: it would be paid twice.
    if not isinstance(item, dict):
        raise GatewayUnreachable("the status query holds a return that is no object")
    return Returned(lira_of(item, "return_amount"), text_of(item, "reference_no") or None)
