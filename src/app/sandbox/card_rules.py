"""What PayTR checks in a form posted to `/odeme`, and the words it refuses with.

Written from PayTR's tables like `rules`. Amounts are lira with a dot here, the basket is plain JSON.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

from app.domain.payments.paytr.credentials import PaytrCredentials
from app.sandbox.bank import is_expired
from app.sandbox.bins import BAD_TOKEN
from app.sandbox.book import Channel
from app.sandbox.cards import is_card_number
from app.sandbox.config import Permission, SandboxConfig
from app.sandbox.rules import (
    FLAG,
    INACTIVE_MERCHANT,
    Rule,
    at_most,
    is_basket,
    is_email,
    is_ipv4,
    is_url,
    matches,
    one_of,
    token_matches,
)

BAD_FIELD: Final = "Zorunlu alan degeri gecersiz veya gonderilmedi: %s"
NOT_PERMITTED: Final = {
    Permission.NON_3D: "Non 3D islem yetkiniz bulunmamaktadir",
    Permission.STORED_CARDS: "Kart saklama yetkiniz bulunmamaktadir",
    Permission.RECURRING: "Tekrarlayan odeme yetkiniz bulunmamaktadir",
}
CARD_FIELDS: Final = frozenset(
    {"cc_owner", "card_number", "expiry_month", "expiry_year", "cvv", "paytr_token"}
)
"""What is never kept: the card, and the token that signed this request."""

RULES: Final = (
    Rule("user_ip", is_ipv4),
    Rule("merchant_oid", matches(r"[A-Za-z0-9]{1,64}")),
    Rule("email", is_email),
    Rule("payment_type", one_of("card", "card_points")),
    Rule("payment_amount", matches(r"(?=.*[1-9])[0-9]{1,9}(\.[0-9]{1,2})?")),
    Rule("installment_count", one_of("0", *(str(count) for count in range(2, 13)))),
    Rule("currency", one_of("TL", "TRY", "EUR", "USD", "GBP", "RUB"), required=False),
    Rule("client_lang", one_of("tr", "en"), required=False),
    Rule("test_mode", FLAG, required=False),
    Rule("non_3d", FLAG),
    Rule("non3d_test_failed", FLAG, required=False),
    Rule("user_name", at_most(60)),
    Rule("user_address", at_most(400)),
    Rule("user_phone", at_most(20)),
    Rule("user_basket", is_basket),
    Rule("merchant_ok_url", is_url),
    Rule("merchant_fail_url", is_url),
    Rule("debug_on", FLAG, required=False),
    Rule("sync_mode", FLAG, required=False),
    Rule("store_card", FLAG, required=False),
    Rule("recurring_payment", FLAG, required=False),
    Rule("timeout_limit", matches(r"[1-9][0-9]{0,3}"), required=False),
)

CARD_RULES: Final = (
    Rule("cc_owner", at_most(50)),
    Rule("card_number", is_card_number),
    Rule("expiry_month", matches(r"0?[1-9]|1[0-2]")),
    Rule("expiry_year", matches(r"[0-9]{2}")),
    Rule("cvv", matches(r"[0-9]{3,4}")),
)


class RequestRefused(Exception):
    """PayTR refuses the request itself: nothing is entered, the oid stays unused, no callback follows."""


class CardRefused(Exception):
    """The card cannot be read or is not there: the browser goes to the fail URL, nothing else happens."""


def channel_of(form: Mapping[str, str]) -> Channel:
    """Return how a form wants to pay."""
    if form.get("recurring_payment") == "1":
        return Channel.RECURRING
    return Channel.STORED_CARD if form.get("ctoken") else Channel.DIRECT


def check_request(config: SandboxConfig, form: Mapping[str, str]) -> PaytrCredentials:
    """Return whose payment this is, all of it being right. Raises `RequestRefused` with PayTR's words."""
    merchant = config.merchant(form.get("merchant_id", ""))
    if merchant is None:
        raise RequestRefused(INACTIVE_MERCHANT)
    for rule in RULES:
        if rule.refuses(form):
            raise RequestRefused(BAD_FIELD % rule.name)
    if form["non_3d"] == "0" and (form.get("sync_mode") == "1" or channel_of(form) is Channel.RECURRING):
        raise RequestRefused(BAD_FIELD % "non_3d")
    # Without the Direct permission PayTR blames the token (paytr-postman#4).
    if not config.permits(merchant.merchant_id, Permission.DIRECT) or not token_matches(
        "direct_payment", merchant, form
    ):
        raise RequestRefused(BAD_TOKEN)
    for permission in _needed(form):
        if not config.permits(merchant.merchant_id, permission):
            raise RequestRefused(NOT_PERMITTED[permission])
    return merchant


def check_card(form: Mapping[str, str], today: date) -> None:
    """Check what a buyer typed. Raises `CardRefused` with the field."""
    for rule in CARD_RULES:
        if rule.refuses(form):
            raise CardRefused(BAD_FIELD % rule.name)
    if is_expired(form["expiry_month"], form["expiry_year"], today):
        raise CardRefused(BAD_FIELD % "expiry_year")


def _needed(form: Mapping[str, str]) -> list[Permission]:
    needed = []
    if form["non_3d"] == "1":
        needed.append(Permission.NON_3D)
    if form.get("store_card") == "1" or form.get("ctoken"):
        needed.append(Permission.STORED_CARDS)
    if channel_of(form) is Channel.RECURRING:
        needed.append(Permission.RECURRING)
    return needed
