"""What every e-mail has in common: fields that its template may say, kept as plain JSON."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import ClassVar

JsonValue = str | int | None | dict[str, str]


@dataclass(frozen=True, slots=True)
class SealedLink:
    """A link that lets whoever follows it do something: only the letter itself has it.

    The outbox keeps what the link says; the address with its signature is made when the letter is written, so
    that a copy of the database opens nothing.
    """

    path: str
    """What the address begins with, for example `/password-reset`."""
    purpose: str
    value: str
    expires_at: datetime

    def as_json(self) -> dict[str, str]:
        """Return the link as the outbox keeps it."""
        return {
            "path": self.path,
            "purpose": self.purpose,
            "value": self.value,
            "expires_at": self.expires_at.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An e-mail to a person; `template` is its folder under `templates/email`."""

    template: ClassVar[str]

    full_name: str

    def context(self) -> dict[str, JsonValue]:
        """Return the fields as JSON values."""
        return {field.name: as_json(getattr(self, field.name)) for field in fields(self)}


def as_json(value: str | int | datetime | SealedLink | None) -> JsonValue:
    """Return a field as JSON takes it; an instant becomes ISO text with its offset."""
    if isinstance(value, SealedLink):
        return value.as_json()
    return value.isoformat() if isinstance(value, datetime) else value
