"""What every e-mail has in common: fields that its template may say, kept as plain JSON."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import ClassVar

JsonValue = str | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An e-mail to a person; `template` is its folder under `templates/email`."""

    template: ClassVar[str]

    full_name: str

    def context(self) -> dict[str, JsonValue]:
        """Return the fields as JSON values."""
        return {field.name: as_json(getattr(self, field.name)) for field in fields(self)}


def as_json(value: str | int | datetime | None) -> JsonValue:
    """Return a field as JSON takes it; an instant becomes ISO text with its offset."""
    return value.isoformat() if isinstance(value, datetime) else value
