"""PayTR's signatures: one table of formulas, one way to compute them, one verifier per inbound message.

token = base64(HMAC-SHA256(merchant_key, field1 + field2 + ... with merchant_salt at its place)), UTF-8,
nothing between the fields. The order is that of PayTR's sample code, not of its field tables.

Which verifier applies is decided by the address a message came to, never by a field of the message: the
boundary between two fields can be shifted under one hash, so a field that picks the formula is a forgery.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from app.domain.payments.paytr.credentials import PaytrCredentials

SALT: Final = "<SALT>"

_BUYER = ("merchant_id", "user_ip", "merchant_oid", "email", "payment_amount")
_CARD_PAYMENT = (*_BUYER, "payment_type", "installment_count", "currency", "test_mode", "non_3d", SALT)
_DATE_RANGE = ("merchant_id", "start_date", "end_date", SALT)
_LINK = ("name", "price", "currency", "max_installment", "link_type", "lang")

FORMULAS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "iframe_get_token": (
            *_BUYER,
            "user_basket",
            "no_installment",
            "max_installment",
            "currency",
            "test_mode",
            SALT,
        ),
        "eft_get_token": (*_BUYER, "payment_type", "test_mode", SALT),
        "callback": ("merchant_oid", SALT, "status", "total_amount"),
        "eft_interim_callback": ("merchant_oid", "bank", SALT),
        "direct_payment": _CARD_PAYMENT,
        "recurring_payment": _CARD_PAYMENT,
        "card_list": ("utoken", SALT),
        "card_delete": ("ctoken", "utoken", SALT),
        "bin_detail": ("bin_number", "merchant_id", SALT),
        "installment_rates": ("merchant_id", "request_id", SALT),
        "refund": ("merchant_id", "merchant_oid", "return_amount", SALT),
        "status_query": ("merchant_id", "merchant_oid", SALT),
        "transaction_detail": _DATE_RANGE,
        "payment_statement": _DATE_RANGE,
        "payment_detail": ("merchant_id", "date", SALT),
        "link_create_product": (*_LINK, "min_count", SALT),
        "link_create_collection": (*_LINK, "email", SALT),
        "link_create_flex": (*_LINK, SALT),
        "link_delete": ("id", "merchant_id", SALT),
        "link_send_sms": ("id", "merchant_id", "cell_phone", SALT),
        "link_send_email": ("id", "merchant_id", "email", SALT),
        "link_callback": ("callback_id", "merchant_oid", SALT, "status", "total_amount"),
        "bkm_express": (
            *_BUYER,
            "payment_type",
            "installment_count",
            "test_mode",
            "installment_options",
            SALT,
        ),
        "platform_transfer": (
            "merchant_id",
            "merchant_oid",
            "trans_id",
            "submerchant_amount",
            "total_amount",
            "transfer_name",
            "transfer_iban",
            SALT,
        ),
        "platform_returned_list": _DATE_RANGE,
        "platform_send_returned": ("merchant_id", "trans_id", SALT),
        "platform_transfer_result_callback": ("trans_ids", SALT),
        "platform_returned_callback": ("merchant_id", "trans_id", SALT),
    }
)


class UnsignableFields(ValueError):
    """A field that PayTR signs is missing; PayTR would sign the empty text and refuse ours."""


def sign(formula: str, credentials: PaytrCredentials, fields: Mapping[str, str]) -> str:
    """Return the token of a formula over the texts exactly as they are posted.

    `merchant_id` and the salt come from the credentials. Raises `UnsignableFields` when a field lacks.
    """
    known = {**fields, "merchant_id": credentials.merchant_id, SALT: credentials.merchant_salt}
    if missing := [name for name in FORMULAS[formula] if name not in known]:
        raise UnsignableFields(f"{formula} also signs {', '.join(missing)}")
    message = "".join(known[name] for name in FORMULAS[formula])
    digest = hmac.digest(_bytes(credentials.merchant_key), _bytes(message), hashlib.sha256)
    return b64encode(digest).decode()


def verify_callback(credentials: PaytrCredentials, fields: Mapping[str, str]) -> bool:
    """Say whether a panel callback (iFrame, Direct, EFT, recurring) carries PayTR's hash.

    `fields` is the form decoded exactly once. Only merchant_oid, status and total_amount are covered;
    currency, test_mode and payment_amount are not.
    """
    return _carries_hash("callback", credentials, fields)


def verify_link_callback(
    credentials: PaytrCredentials, fields: Mapping[str, str], *, callback_id: str
) -> bool:
    """Say whether a payment link's callback carries PayTR's hash for the link we issued as `callback_id`.

    The id must be ours and not what the message says: a genuine hash for `ORDER1` also fits `ORD` + `ER1`.
    """
    if not callback_id or fields.get("callback_id") != callback_id:
        return False
    return _carries_hash("link_callback", credentials, fields)


def verify_eft_interim_callback(credentials: PaytrCredentials, fields: Mapping[str, str]) -> bool:
    """Say whether PayTR sent the notice that a buyer reports a bank transfer; it is not a payment."""
    return _carries_hash("eft_interim_callback", credentials, fields)


def verify_transfer_results(credentials: PaytrCredentials, fields: Mapping[str, str]) -> bool:
    """Say whether PayTR sent the results of platform transfers; `trans_ids` is JSON text as received.

    PayTR's PHP sample deletes every backslash from it before it hashes.
    """
    trans_ids = fields.get("trans_ids", "").replace("\\", "")
    return bool(trans_ids) and _carries_hash(
        "platform_transfer_result_callback", credentials, {**fields, "trans_ids": trans_ids}
    )


def verify_returned_transfer(credentials: PaytrCredentials, fields: Mapping[str, str]) -> bool:
    """Say whether PayTR sent the notice that a returned platform transfer was paid out again.

    Signed with our own merchant id, whatever id the message carries.
    """
    return _carries_hash("platform_returned_callback", credentials, fields)


def _carries_hash(formula: str, credentials: PaytrCredentials, fields: Mapping[str, str]) -> bool:
    try:
        expected = sign(formula, credentials, fields)
    except UnsignableFields:
        return False
    return hmac.compare_digest(expected.encode(), _bytes(fields.get("hash", "")))


def _bytes(text: str) -> bytes:
    # A decoded form can hold lone surrogates; a forger must get False, not an encoding error.
    return text.encode("utf-8", "surrogatepass")
