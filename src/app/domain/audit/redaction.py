"""What the trail never repeats: nothing in it can be changed, so what is once there stays.

Secrets and what stands for them, card data, and what is personal: somebody who asks to be forgotten (KVKK
art. 7) is so in their own row, and the trail had better not remember. That such a field has changed is told,
what it held is not.
"""

from typing import Any, Final

from sqlalchemy import LargeBinary
from sqlalchemy.sql.elements import NamedColumn

from app.db.encrypted import EncryptedText

REDACTED: Final = "[redacted]"
"""Stands in the place of a value."""
SECRET_FIELDS: Final = frozenset(
    {
        "card_digest",
        "card_token",
        "code_hash",
        "context",
        "dedupe_key",
        "digest",
        "driver_state",
        "editor_key",
        "password_hash",
        "payload",
        "pdf_key",
        "pdf_sha256",
        "session_epoch",
        "sha256",
        "storage_key",
        "user_token",
    }
)
CARD_FIELDS: Final = frozenset({"expiry_month", "expiry_year"})
PERSONAL_FIELDS: Final = frozenset(
    {
        "address",
        "consent_address",
        "email",
        "full_name",
        "mailbox",
        "mailbox_left",
        "new_email",
        "old_email",
        "phone",
        "recipient",
        "tax_number",
    }
)
REDACTED_FIELDS: Final = SECRET_FIELDS | CARD_FIELDS | PERSONAL_FIELDS


def is_redacted(column: NamedColumn[Any]) -> bool:
    """Say whether the trail does not repeat what a column holds; what is stored encrypted it never does."""
    return column.name in REDACTED_FIELDS or isinstance(column.type, (EncryptedText, LargeBinary))
