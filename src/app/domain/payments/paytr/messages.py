"""PayTR's messages: the get-token form we post, the answers we read, the callback it posts to us.

Pure text in, typed values out. Limits and field names are those of PayTR's field tables (docs/paytr.md).
"""

import ipaddress
import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from app.domain.payments.gateway import GatewayRefused, GatewayUnreachable
from app.domain.payments.paytr.amounts import UnreadableAmount, kurus_from_integer, kurus_from_lira, lira_text
from app.domain.payments.paytr.credentials import PaytrCredentials
from app.domain.payments.paytr.signing import sign
from app.domain.payments.values import FrameRequest, Inquiry
from app.lib.errors import InvalidInput
from app.lib.i18n import N_

GET_TOKEN_PATH: Final = "/odeme/api/get-token"  # noqa: S105 a path
STATUS_PATH: Final = "/odeme/durum-sorgu"
FRAME_PATH: Final = "/odeme/guvenli"
SCRIPT_PATH: Final = "/js/iframeResizer.min.js"

# PayTR refuses a blank name, address or phone, and the product asks nobody for the last two. These
# say "not given" without pointing at anyone: TEST-NET-1 (RFC 5737) and a number that cannot be dialled.
UNKNOWN_ADDRESS: Final = "Adres belirtilmedi"
UNKNOWN_PHONE: Final = "0000000000"
UNKNOWN_IP: Final = "192.0.2.1"

_OID: Final = re.compile(r"[A-Za-z0-9]{1,64}", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\s]+")
_OUR_FAULT: Final = frozenset({"001", "002", "003"})


class MalformedCallback(ValueError):
    """A callback whose field `field` cannot be read; verify the hash first, then keep the raw form."""

    def __init__(self, field: str, value: str) -> None:
        super().__init__(f"callback field {field} cannot be read: {value[:64]!r}")
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class PaytrCallback:
    """One notification to the panel's callback URL; amounts in kuruş, currency as ISO code.

    PayTR signs merchant_oid, status and total_amount only. `total_amount` is what was collected: it may
    exceed `payment_amount` (instalments) and is 0 on failure. A missing `test_mode` means a real payment.
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
        return cls(
            merchant_oid=oid,
            status=cast("Literal['success', 'failed']", status),
            total_amount=total or 0,
            test_mode=_test_mode(form),
            payment_amount=_whole(form, "payment_amount"),
            currency=iso_currency(form.get("currency", "")) or None,
            payment_type=form.get("payment_type") or None,
            installment_count=_whole(form, "installment_count"),
            failed_reason_code=form.get("failed_reason_code") or None,
            failed_reason_msg=form.get("failed_reason_msg") or None,
        )


def wire_currency(iso: str) -> str:
    """Return the code PayTR is sent: `TRY` travels as `TL`, the rest as they are."""
    return "TL" if iso == "TRY" else iso


def iso_currency(wire: str) -> str:
    """Return the ISO code of what PayTR sent: it says `TL`, its own modules also say `TRY`."""
    code = wire.strip().upper()
    return "TRY" if code == "TL" else code


def frame_form(credentials: PaytrCredentials, request: FrameRequest) -> dict[str, str]:
    """Return the signed get-token form, texts cut to PayTR's limits.

    Raises `InvalidInput` when the e-mail address cannot be sent.
    """
    form = {
        "merchant_id": credentials.merchant_id,
        "user_ip": wire_ip(request.user_ip),
        "merchant_oid": request.merchant_oid,
        "email": wire_email(request.email),
        "payment_amount": str(request.amount),
        "user_basket": wire_basket(request),
        "no_installment": _flag(request.no_installment),
        "max_installment": "0",
        "currency": wire_currency(request.currency),
        "test_mode": _flag(request.test_mode),
        "user_name": _clean(request.user_name, 60) or wire_email(request.email)[:60],
        "user_address": _clean(request.user_address, 400) or UNKNOWN_ADDRESS,
        "user_phone": _clean(request.user_phone, 20) or UNKNOWN_PHONE,
        "merchant_ok_url": _url(request.ok_url),
        "merchant_fail_url": _url(request.fail_url),
        "debug_on": _flag(request.test_mode),
        "timeout_limit": str(request.timeout_minutes),
        "lang": request.language,
    }
    form["paytr_token"] = sign("iframe_get_token", credentials, form)
    return form


def status_form(credentials: PaytrCredentials, merchant_oid: str) -> dict[str, str]:
    """Return the signed status query."""
    form = {"merchant_id": credentials.merchant_id, "merchant_oid": merchant_oid}
    return {**form, "paytr_token": sign("status_query", credentials, form)}


def wire_email(email: str) -> str:
    """Return an address PayTR takes: ASCII, at most 100 characters, a domain in Turkish as punycode."""
    local, at, domain = email.strip().rpartition("@")
    try:
        wire = f"{local}{at}{domain.encode('idna').decode()}"
    except UnicodeError:
        wire = ""
    if not (local and domain and wire.isascii() and 0 < len(wire) <= 100):
        raise InvalidInput(
            N_(
                "The payment page accepts only e-mail addresses of up to 100 characters without accented or "
                "Turkish letters. Please use another address for billing."
            ),
            field="email",
        )
    return wire


def wire_ip(address: str) -> str:
    """Return the IPv4 address PayTR's table asks for; one that has none becomes `UNKNOWN_IP`.

    Integrators report that IPv6 is refused; a buyer must not fail to pay because of a network.
    """
    try:
        parsed = ipaddress.ip_address(address.strip())
    except ValueError:
        return UNKNOWN_IP
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or UNKNOWN_IP)
    return str(parsed)


def wire_basket(request: FrameRequest) -> str:
    """Return the basket as base64 of JSON: name, unit price in lira with two decimals, quantity."""
    lines = [[line.name, lira_text(line.unit_price), line.quantity] for line in request.basket]
    return b64encode(json.dumps(lines, ensure_ascii=False, separators=(",", ":")).encode()).decode()


def read_token(body: str) -> str:
    """Return the token of a get-token answer.

    Raises `GatewayRefused` when PayTR said no, `GatewayUnreachable` when this is not an answer of PayTR.
    """
    answer = _json(body)
    if answer.get("status") == "success" and isinstance(answer.get("token"), str) and answer["token"]:
        return str(answer["token"])
    if answer.get("status") == "failed":
        raise GatewayRefused(str(answer.get("reason") or "get-token failed without a reason"))
    raise GatewayUnreachable("get-token answered something else than success or failed")


def read_inquiry(body: str) -> Inquiry:
    """Return what a status answer says.

    Every error but those about our own request reads as "not found": 004 covers unknown, pending and
    failed alike. Raises like `read_token`.
    """
    answer = _json(body)
    if answer.get("status") != "success":
        if not answer.keys() & {"status", "err_no"}:
            raise GatewayUnreachable("the status query answered without a status")
        if str(answer.get("err_no")) in _OUR_FAULT:
            raise GatewayRefused(f"{answer['err_no']}: {answer.get('err_msg', '')}")
        return Inquiry(found=False, raw=body)
    try:
        amount = kurus_from_lira(str(answer["payment_amount"]))
        total = kurus_from_lira(str(answer["payment_total"]))
    except (KeyError, UnreadableAmount) as error:
        raise GatewayUnreachable("the status query answered success without readable amounts") from error
    currency = iso_currency(str(answer.get("currency") or "")) or None
    test_mode = str(answer["test_mode"]) == "1" if "test_mode" in answer else None
    return Inquiry(found=True, raw=body, amount=amount, total=total, currency=currency, test_mode=test_mode)


def _json(body: str) -> dict[str, Any]:
    # JSON numbers stay text: a float must not come near an amount.
    try:
        answer = json.loads(body, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise GatewayUnreachable("the answer is not JSON") from error
    if not isinstance(answer, dict):
        raise GatewayUnreachable("the answer is not a JSON object")
    return answer


def _whole(form: Mapping[str, str], name: str) -> int | None:
    text = form.get(name, "")
    if not text:
        return None
    try:
        return kurus_from_integer(text)
    except UnreadableAmount as error:
        raise MalformedCallback(name, text) from error


def _test_mode(form: Mapping[str, str]) -> bool:
    text = form.get("test_mode") or "0"
    if text not in {"0", "1"}:
        raise MalformedCallback("test_mode", text)
    return text == "1"


def _clean(text: str, limit: int) -> str:
    return _CONTROL.sub(" ", text).strip()[:limit].rstrip()


def _url(url: str) -> str:
    # An address that is cut leads nowhere, and only our own code makes these.
    if len(url) > 400:
        raise ValueError("PayTR takes return addresses of at most 400 characters")
    return url


def _flag(value: bool) -> str:
    return "1" if value else "0"
