"""What the first digits of a card tell: the BIN query, and who issued a card.

The banks are invented; programmes and schemes are spelled as PayTR spells them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.sandbox.config import SandboxConfig
from app.sandbox.rules import INACTIVE_MERCHANT, token_matches

BAD_BIN: Final = "bin_number gonderilmedi veya gecersiz"
BAD_TOKEN: Final = "paytr_token gonderilmedi veya gecersiz"  # noqa: S105 PayTR's sentence
UNKNOWN_BIN: Final = "bin_number bulunamadi"
NO_PROGRAMME: Final = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """The bank behind a card; `programme` is the instalment brand, `none` where there is none."""

    bank: str
    bank_code: str
    scheme: str
    programme: str = NO_PROGRAMME
    is_credit: bool = True
    is_business: bool = False
    allows_non_3d: bool = True
    is_foreign: bool = False


ISSUERS: Final = {
    "435508": Issuer(bank="Deneme Bankası", bank_code="0901", scheme="VISA", programme="axess"),
    "540667": Issuer(bank="Örnek Bank", bank_code="0902", scheme="MASTERCARD", programme="world"),
    "979203": Issuer(bank="Deneme Katılım", bank_code="0903", scheme="TROY", is_credit=False),
    "552879": Issuer(
        bank="Örnek Bank", bank_code="0902", scheme="MASTERCARD", programme="world", is_business=True
    ),
    "374427": Issuer(
        bank="Deneme Bankası", bank_code="0901", scheme="AMEX", programme="bonus", allows_non_3d=False
    ),
}
_SCHEMES: Final = {"2": "MASTERCARD", "3": "AMEX", "4": "VISA", "5": "MASTERCARD", "9": "TROY"}


def issuer_of(number: str) -> Issuer:
    """Return who issued a card, by at least six digits; an unknown one is foreign."""
    scheme = _SCHEMES.get(number[:1], "OTHER")
    return ISSUERS.get(number[:6]) or Issuer(bank="", bank_code="", scheme=scheme, is_foreign=True)


def bin_answer(config: SandboxConfig, form: Mapping[str, str]) -> dict[str, Any]:
    """Answer bin-detail: `failed` for a card PayTR does not know, `error` for a wrong question."""
    merchant = config.merchant(form.get("merchant_id", ""))
    digits = form.get("bin_number", "")
    if merchant is None:
        return {"status": "error", "err_msg": INACTIVE_MERCHANT}
    if not (digits.isascii() and digits.isdigit() and len(digits) in {6, 8}):
        return {"status": "error", "err_msg": BAD_BIN}
    if not token_matches("bin_detail", merchant, form):
        return {"status": "error", "err_msg": BAD_TOKEN}
    issuer = issuer_of(digits)
    if issuer.is_foreign:
        return {"status": "failed", "err_msg": UNKNOWN_BIN}
    return {
        "status": "success",
        "cardType": "credit" if issuer.is_credit else "debit",
        "businessCard": "y" if issuer.is_business else "n",
        "bank": issuer.bank,
        "brand": issuer.programme,
        "schema": issuer.scheme,
        "bankCode": issuer.bank_code,
        "allow_non3d": "Y" if issuer.allows_non_3d else "N",
    }
