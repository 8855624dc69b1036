"""What is left of a person who was forgotten: a row that names nobody."""

from typing import Final
from uuid import UUID

from app.lib.i18n import N_

DELETED_PERSON: Final = N_("Deleted person")
"""Stands in the place of a name, and is translated where it is shown."""
HUSK = "@deleted.invalid"


def husk_address(user_id: UUID) -> str:
    """Return an address that is nobody's and that no mail can reach (RFC 2606 §2)."""
    return f"deleted-{user_id.hex}{HUSK}"


def is_husk(address: str) -> bool:
    """Say whether an address stands in the place of one that was forgotten."""
    return address.endswith(HUSK)
