"""Two questions about cards in general: what a BIN tells, and what instalments cost."""

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from app.domain.payments.gateway import GatewayRefused, GatewayUnreachable
from app.domain.payments.paytr.credentials import PaytrCredentials
from app.domain.payments.paytr.messages.answers import is_true, read_object, refusal_text, text_of
from app.domain.payments.paytr.messages.cards import BRANDS
from app.domain.payments.paytr.signing import sign
from app.domain.payments.values import BinDetail, InstallmentRates

_BIN: Final = re.compile(r"[0-9]{6}(?:[0-9]{2})?", re.ASCII)
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9]{1,32}", re.ASCII)
_COUNT: Final = re.compile(r"(?:taksit_?)?([0-9]{1,2})", re.ASCII)


def bin_form(credentials: PaytrCredentials, digits: str) -> dict[str, str]:
    """Return the signed question about a BIN. Raises `ValueError` unless it has 6 or 8 digits."""
    if not _BIN.fullmatch(digits):
        raise ValueError("a BIN is the first 6 or 8 digits of a card")
    form = {"merchant_id": credentials.merchant_id, "bin_number": digits}
    return {**form, "paytr_token": sign("bin_detail", credentials, form)}


def read_bin(body: str) -> BinDetail | None:
    """Return what PayTR knows of a BIN; `failed` is its word for one it does not know."""
    answer = read_object(body)
    match text_of(answer, "status"):
        case "success":
            brand = text_of(answer, "brand")
            schema = text_of(answer, "schema").upper()
            return BinDetail(
                bank=text_of(answer, "bank"),
                scheme=schema if schema in BRANDS else "OTHER",
                programme=None if brand.lower() in {"", "none"} else brand,
                is_credit=text_of(answer, "cardType").lower() == "credit",
                is_business=is_true(text_of(answer, "businessCard")) is True,
                allows_non_3d=is_true(text_of(answer, "allow_non3d")) is True,
            )
        case "failed":
            return None
        case "error":
            raise GatewayRefused(refusal_text(answer, "the BIN query was refused without a reason"))
    raise GatewayUnreachable("the BIN query answered something else than success, failed or error")


def rates_form(credentials: PaytrCredentials, request_id: str) -> dict[str, str]:
    """Return the signed question for today's surcharges; `request_id` has 1 to 32 letters and digits."""
    if not _REQUEST_ID.fullmatch(request_id):
        raise ValueError("request_id must be 1 to 32 ASCII letters and digits")
    form = {"merchant_id": credentials.merchant_id, "request_id": request_id}
    return {**form, "paytr_token": sign("installment_rates", credentials, form)}


def read_rates(body: str, request_id: str) -> InstallmentRates:
    """Return the surcharges: under `oranlar` (Turkish docs) or `rates` (English), both of unknown shape.

    Read are `{"world": {"taksit_2": 3.92}}` and the same with bare numbers as names. An answer to another
    `request_id`, or a surcharge that is no number, is no answer.
    """
    answer = read_object(body)
    if text_of(answer, "status") in {"error", "failed"}:
        raise GatewayRefused(refusal_text(answer, "the rates were refused without a reason"))
    if text_of(answer, "status") != "success" or text_of(answer, "request_id") not in {"", request_id}:
        raise GatewayUnreachable("the rates answered something else than what was asked")
    rates = answer.get("oranlar", answer.get("rates"))
    if not isinstance(rates, dict | list):
        raise GatewayUnreachable("the rates answered without rates")
    maximum = text_of(answer, "max_inst_non_bus")
    return InstallmentRates(
        maximum=int(maximum) if maximum.isdecimal() else None,
        rates={programme: dict(_counts(row)) for programme, row in _programmes(rates)},
    )


def _programmes(rates: dict[str, Any] | list[Any]) -> Iterator[tuple[str, Any]]:
    # PHP writes an empty map as [], and a list of maps is as near as a map.
    for part in rates if isinstance(rates, list) else [rates]:
        if not isinstance(part, dict):
            raise GatewayUnreachable("the rates are not kept by card programme")
        yield from part.items()


def _counts(row: Any) -> Iterator[tuple[int, Decimal]]:
    if not isinstance(row, dict):
        raise GatewayUnreachable("the rates of a card programme are not kept by instalments")
    for name, value in row.items():
        if match := _COUNT.fullmatch(str(name).strip().lower()):
            yield int(match[1]), _percent(str(value))


def _percent(text: str) -> Decimal:
    try:
        rate = Decimal(text.strip().replace(",", "."))
    except InvalidOperation as error:
        raise GatewayUnreachable(f"{text!r} is not a surcharge") from error
    if not rate.is_finite():
        raise GatewayUnreachable(f"{text!r} is not a surcharge")
    return rate
