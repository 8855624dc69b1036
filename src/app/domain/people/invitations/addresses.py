"""The addresses somebody typed into one field, and what is wrong with each of them."""

import re
from typing import Final

from app.domain.accounts.service import require_email
from app.lib.errors import InvalidInput
from app.lib.i18n import N_

AT_ONCE: Final = 20
"""People that one form invites."""
FIELD: Final = "emails"
BETWEEN = re.compile(r"[\s,;]+")


def read_addresses(typed: str) -> tuple[list[str], list[InvalidInput]]:
    """Return the addresses in small letters, each once, and a sentence for each that is none."""
    words = dict.fromkeys(word.lower() for word in BETWEEN.split(typed) if word)
    if not words:
        return [], [InvalidInput(N_("Write at least one e-mail address."), field=FIELD)]
    if len(words) > AT_ONCE:
        return [], [InvalidInput(N_("Invite at most %(count)s people at once."), field=FIELD, count=AT_ONCE)]
    good = [word for word in words if _is_address(word)]
    return good, [refused(N_("%(email)s is no e-mail address."), word) for word in words if word not in good]


def count_of(typed: str) -> int:
    """Return how many letters a form asks for, as far as any are sent."""
    return min(AT_ONCE, len({word.lower() for word in BETWEEN.split(typed) if word}))


def refused(sentence: str, email: str) -> InvalidInput:
    """Return what is wrong with one of the addresses."""
    return InvalidInput(sentence, field=FIELD, email=email)


def _is_address(word: str) -> bool:
    try:
        require_email(word)
    except InvalidInput:
        return False
    return True
