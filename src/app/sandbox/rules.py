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


def at_most(limit: int) -> Check:
    """Accept texts of at most so many characters."""
    return lambda value: len(value) <= limit


def one_of(*values: str) -> Check:
    """Accept these texts."""
    return lambda value: value in values


def matches(pattern: str) -> Check:
    """Accept what a pattern matches whole; its classes mean ASCII."""
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: compiled.fullmatch(value) is not None


def is_ipv4(value: str) -> bool:
    """Say whether a text is an IPv4 address."""
    try:
        return bool(IPv4Address(value))
    except AddressValueError:
        return False


def is_email(value: str) -> bool:
    """Say whether a text is an e-mail address in ASCII."""
    return len(value) <= 100 and re.fullmatch(r"[!-~]+@[!-~]+", value, re.ASCII) is not None


def is_url(value: str) -> bool:
    """Say whether a text is an absolute web address."""
    parts = urlsplit(value)
    return len(value) <= 400 and parts.scheme in {"http", "https"} and bool(parts.netloc)


def is_basket(value: str) -> bool:
    """Say whether a text is a basket: a JSON list of name, unit price in lira, quantity."""
    try:
        lines = json.loads(value)
    except ValueError:
        return False
    return isinstance(lines, list) and bool(lines) and all(_is_basket_line(line) for line in lines)


def _is_encoded_basket(value: str) -> bool:
    try:
        return is_basket(b64decode(value, validate=True).decode())
    except ValueError:
        return False


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


FLAG: Final = one_of("0", "1")

RULES: Final = (
    Rule("user_ip", is_ipv4),
    Rule("merchant_oid", matches(r"[A-Za-z0-9]{1,64}")),
    Rule("email", is_email),
    Rule("payment_amount", matches(r"[1-9][0-9]{0,11}")),
    Rule("currency", one_of("TL", "TRY", "EUR", "USD", "GBP", "RUB"), required=False),
    Rule("user_basket", _is_encoded_basket),
    Rule("no_installment", FLAG),
    Rule("max_installment", one_of("0", *(str(count) for count in range(2, 13)))),
    Rule("user_name", at_most(60)),
    Rule("user_address", at_most(400)),
    Rule("user_phone", at_most(20)),
    Rule("merchant_ok_url", is_url),
    Rule("merchant_fail_url", is_url),
    Rule("test_mode", FLAG, required=False),
    Rule("debug_on", FLAG, required=False),
    Rule("timeout_limit", matches(r"[1-9][0-9]{0,3}"), required=False),
    Rule("lang", one_of("tr", "en"), required=False),
)
