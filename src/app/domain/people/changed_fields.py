"""What a change has changed, in words: fields by their name, values as a person reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.domain.audit.redaction import REDACTED
from app.lib.i18n import N_, translate

FIELDS: Final = {
    "address": N_("Address"),
    "card": N_("Card"),
    "color_scheme": N_("Colours"),
    "email": N_("E-mail"),
    "full_name": N_("Name"),
    "interval": N_("Interval"),
    "language": N_("Language"),
    "legal_name": N_("Legal name"),
    "name": N_("Name"),
    "phone": N_("Phone"),
    "plan": N_("Plan"),
    "requires_two_factor": N_("Second factor required"),
    "role": N_("Role"),
    "status": N_("State"),
    "support_access_allowed": N_("Support may look"),
    "tax_number": N_("Tax number"),
    "tax_office": N_("Tax office"),
    "workspace_limit": N_("Workspaces at most"),
    "workspace_quota": N_("Workspace quota"),
}
"""What a field is called; one that is not here keeps its own name, which says more than nothing."""
VALUES: Final = {
    "admin": N_("Admin"),
    "auto": N_("As the device prefers"),
    "billing": N_("Billing"),
    "dark": N_("Dark"),
    "developer": N_("Developer"),
    "en": "English",
    "light": N_("Light"),
    "month": N_("Monthly"),
    "owner": N_("Owner"),
    "tr": "Türkçe",
    "year": N_("Yearly"),
}
EMPTY: Final = "–"


@dataclass(frozen=True, slots=True)
class ChangedField:
    """One field of a change; the texts are in the reader's language."""

    name: str
    before: str
    after: str

    def __str__(self) -> str:
        """Return the change as a line of a file has it."""
        return f"{self.name}: {self.before} → {self.after}"


def changed_fields(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, language: str
) -> list[ChangedField]:
    """Return what changed, by the fields' own names: the database keeps no other order."""
    old, new = before or {}, after or {}
    return [
        ChangedField(
            translate(language, FIELDS[name]) if name in FIELDS else name,
            _said(old.get(name), language),
            _said(new.get(name), language),
        )
        for name in sorted({**old, **new})
    ]


def _said(value: Any, language: str) -> str:
    match value:
        case None | "":
            return EMPTY
        case bool():
            return translate(language, N_("Yes") if value else N_("No"))
        case str() if value == REDACTED:
            return translate(language, N_("not kept"))
        case str() if value in VALUES:
            return translate(language, VALUES[value])
        case _:
            return str(value)
