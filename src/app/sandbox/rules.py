"""What PayTR checks in a get-token form, and the words it refuses with.

Field by field after PayTR's table (docs/paytr.md). Written from PayTR's side on purpose and not shared
with our client: a limit that either side has wrong shows up when the two meet in the tests.
"""

import hmac
import json
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from typing import Final
from urllib.parse import urlsplit

from app.domain.payments.paytr.amounts import UnreadableAmount, kurus_from_lira
from app.domain.payments.paytr.credentials import PaytrCredentials
from app.domain.payments.paytr.signing import FORMULAS, SALT, sign

INACTIVE_MERCHANT: Final = "Gecersiz istek veya magaza aktif degil"
BAD_TOKEN: Final = "paytr_token gonderilmedi veya gecersiz (get-token)"  # noqa: S105 PayTR's sentence
BAD_FIELD: Final = "Zorunlu alan degeri gecersiz veya gonderilmedi (get-token): %s"

Check = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """One field: whether it may be left out, and what PayTR accepts in it."""

    name: str
    accepts: Check
    required: bool = True

    def refuses(self, form: Mapping[str, str]) -> bool:
        value = form.get(self.name, "")
        return self.required if not value.strip() else not self.accepts(value)


def refusal(form: Mapping[str, str], merchant: PaytrCredentials | None) -> str | None:
    """Return PayTR's reason to refuse a get-token form, or nothing when it is right."""
    if merchant is None:
        return INACTIVE_MERCHANT
    for rule in RULES:
        if rule.refuses(form):
            return BAD_FIELD % rule.name
    if not token_matches("iframe_get_token", merchant, form):
        return BAD_TOKEN
    return None


def token_matches(formula: str, merchant: PaytrCredentials, form: Mapping[str, str]) -> bool:
    """Say whether `paytr_token` signs this form; a field that was not posted counts as empty text."""
    fields = {name: form.get(name, "") for name in FORMULAS[formula] if name != SALT}
    given = form.get("paytr_token", "")
    return hmac.compare_digest(sign(formula, merchant, fields).encode(), given.encode())


def _text(limit: int) -> Check:
    return lambda value: len(value) <= limit


def _one_of(*values: str) -> Check:
    return lambda value: value in values


def _matches(pattern: str) -> Check:
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: compiled.fullmatch(value) is not None


def _is_ipv4(value: str) -> bool:
    try:
        return bool(IPv4Address(value))
    except AddressValueError:
        return False


def _is_email(value: str) -> bool:
    return len(value) <= 100 and re.fullmatch(r"[!-~]+@[!-~]+", value, re.ASCII) is not None


def _is_url(value: str) -> bool:
    parts = urlsplit(value)
    return len(value) <= 400 and parts.scheme in {"http", "https"} and bool(parts.netloc)


def _is_basket(value: str) -> bool:
    try:
        lines = json.loads(b64decode(value, validate=True))
    except ValueError:
        return False
    return isinstance(lines, list) and bool(lines) and all(_is_basket_line(line) for line in lines)


def _is_basket_line(line: object) -> bool:
    if not isinstance(line, list) or len(line) != 3:
        return False
    name, price, quantity = line
    if not isinstance(name, str) or not isinstance(price, str) or type(quantity) is not int:
        return False
    try:
        return bool(name.strip()) and kurus_from_lira(price) >= 0 and quantity > 0
    except UnreadableAmount:
        return False


_FLAG: Final = _one_of("0", "1")

RULES: Final = (
    Rule("user_ip", _is_ipv4),
    Rule("merchant_oid", _matches(r"[A-Za-z0-9]{1,64}")),
    Rule("email", _is_email),
    Rule("payment_amount", _matches(r"[1-9][0-9]{0,11}")),
    Rule("currency", _one_of("TL", "TRY", "EUR", "USD", "GBP", "RUB"), required=False),
    Rule("user_basket", _is_basket),
    Rule("no_installment", _FLAG),
    Rule("max_installment", _one_of("0", *(str(count) for count in range(2, 13)))),
    Rule("user_name", _text(60)),
    Rule("user_address", _text(400)),
    Rule("user_phone", _text(20)),
    Rule("merchant_ok_url", _is_url),
    Rule("merchant_fail_url", _is_url),
    Rule("test_mode", _FLAG, required=False),
    Rule("debug_on", _FLAG, required=False),
    Rule("timeout_limit", _matches(r"[1-9][0-9]{0,3}"), required=False),
    Rule("lang", _one_of("tr", "en"), required=False),
)
