"""Links from letters: what each of them says, as long as it is good."""

from datetime import datetime
from http import HTTPStatus

from app.lib.crypto import unseal
from app.lib.errors import DomainError
from app.lib.i18n import N_
from app.lib.settings import Settings


class LinkUseless(DomainError):
    """The link has expired, was used, or never was ours; which of them, nobody is told."""

    status = HTTPStatus.GONE


def useless() -> LinkUseless:
    """Return the refusal of a link that opens nothing."""
    return LinkUseless(N_("This link has expired or was used already. Ask for a new one."))


def read_link(token: str, purpose: str, *, settings: Settings, at: datetime) -> tuple[str, str]:
    """Return the id that a link names and what it says beside it. Raises `LinkUseless`."""
    said = unseal(settings.keys, purpose, token, at=at)
    if said is None:
        raise useless()
    name, _, rest = said.partition(".")
    return name, rest
