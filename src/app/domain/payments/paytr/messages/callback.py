"""The panel's callback: what PayTR posts about a payment by frame, card form or stored card."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, cast

from app.domain.payments.paytr.amounts import UnreadableAmount, kurus_from_integer
from app.domain.payments.paytr.messages.buyer import iso_currency

_OID: Final = re.compile(r"[A-Za-z0-9]{1,64}", re.ASCII)


class MalformedCallback(ValueError):
    """A callback whose signed field `field` cannot be read; verify the hash first."""

    def __init__(self, field: str, value: str) -> None:
        super().__init__(f"callback field {field} cannot be read: {value[:64]!r}")
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class PaytrCallback:
    """One notification to the panel's callback URL; amounts in kuruş, currency as ISO code.

    PayTR signs merchant_oid, status and total_amount only. `total_amount` is what was collected: it may
    exceed `payment_amount` (instalments) and is 0 on failure. A missing `test_mode` means a real payment.
    The two tokens come when a card was stored; whoever holds both can charge it. A field beside the signed
    ones that cannot be read counts as missing, since refusing the message would lose its money.
    """

    merchant_oid: str
    status: Literal["success", "failed"]
    total_amount: int
    test_mode: bool = False
    payment_amount: int | None = None
    currency: str | None = None
    payment_type: str | None = None
    installment_count: int | None = None
    failed_reason_code: str | None = None
    failed_reason_msg: str | None = None
    user_token: str | None = field(default=None, repr=False)
    card_token: str | None = field(default=None, repr=False)
    unreadable: tuple[tuple[str, str], ...] = ()
    """Unsigned fields as they came, by name, each shortened."""

    @property
    def succeeded(self) -> bool:
        return self.status == "success"

    @classmethod
    def from_form(cls, form: Mapping[str, str]) -> "PaytrCallback":
        """Read a form that was decoded exactly once. Raises `MalformedCallback` with the field."""
        status = form.get("status", "")
        if status not in {"success", "failed"}:
            raise MalformedCallback("status", status)
        oid = form.get("merchant_oid", "")
        if not _OID.fullmatch(oid):
            raise MalformedCallback("merchant_oid", oid)
        total = _whole(form, "total_amount")
        if total is None and status == "success":
            raise MalformedCallback("total_amount", "")
        unreadable = _unreadable(form)
        rest = {name: value for name, value in form.items() if name not in unreadable}
        return cls(
            merchant_oid=oid,
            status=cast("Literal['success', 'failed']", status),
            total_amount=total or 0,
            test_mode=_test_mode(rest, "test_mode"),
            payment_amount=_whole(rest, "payment_amount"),
            currency=iso_currency(form.get("currency", "")) or None,
            payment_type=form.get("payment_type") or None,
            installment_count=_whole(rest, "installment_count"),
            failed_reason_code=form.get("failed_reason_code") or None,
            failed_reason_msg=form.get("failed_reason_msg") or None,
            user_token=form.get("utoken") or None,
            card_token=form.get("ctoken") or None,
            unreadable=tuple(unreadable.items()),
        )


def _whole(form: Mapping[str, str], name: str) -> int | None:
    text = form.get(name, "")
    if not text:
        return None
    try:
        return kurus_from_integer(text)
    except UnreadableAmount as error:
        raise MalformedCallback(name, text) from error


def _test_mode(form: Mapping[str, str], name: str) -> bool:
    text = form.get(name) or "0"
    if text not in {"0", "1"}:
        raise MalformedCallback(name, text)
    return text == "1"


def _unreadable(form: Mapping[str, str]) -> dict[str, str]:
    """Return the unsigned fields that hold something else than they should."""
    found = {}
    for name, read in (("payment_amount", _whole), ("installment_count", _whole), ("test_mode", _test_mode)):
        try:
            read(form, name)
        except MalformedCallback:
            found[name] = form[name][:64]
    return found
