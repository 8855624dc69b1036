"""What PayTR's decline codes mean (callback field failed_reason_code, cards only).

The code decides; PayTR's message is Turkish prose for the record. Sentences are gettext message ids.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.lib.i18n import N_


class DeclineKind(StrEnum):
    """Who can mend it, and so what may happen next."""

    SOFT = "soft"  # the same card may work later
    HARD = "hard"  # not with this card
    CUSTOMER = "customer"  # the buyer stopped or slipped; the same card works when they try again
    IN_FLIGHT = "in_flight"  # the bank is busy with this card; later, under a new oid
    TECHNICAL = "technical"  # ours or PayTR's to mend; an operator looks


@dataclass(frozen=True, slots=True)
class Decline:
    """One reason: PayTR's code, what kind it is, and the sentence for the customer (a message id)."""

    code: str
    kind: DeclineKind
    sentence: str


def _table(*declines: Decline) -> Mapping[str, Decline]:
    return MappingProxyType({decline.code: decline for decline in declines})


DECLINES: Final = _table(
    Decline(
        "0",
        DeclineKind.SOFT,
        N_("Your bank declined the card. Check its limit and balance, or use another card."),
    ),
    Decline(
        "1",
        DeclineKind.CUSTOMER,
        N_("The security step was not finished because no phone number was entered. Please try again."),
    ),
    Decline(
        "2",
        DeclineKind.CUSTOMER,
        N_("The code from your bank was not entered correctly. Please try again."),
    ),
    Decline(
        "3",
        DeclineKind.HARD,
        N_("Your bank could not complete the security check for this card. Please use another card."),
    ),
    Decline(
        "6",
        DeclineKind.CUSTOMER,
        N_("The payment was not completed: the page was closed or its time ran out. You can start again."),
    ),
    Decline(
        "8",
        DeclineKind.HARD,
        N_("This card does not allow the chosen instalments. Please use another card."),
    ),
    Decline(
        "9",
        DeclineKind.HARD,
        N_("This kind of card is not accepted. Please use another card."),
    ),
    Decline(
        "10",
        DeclineKind.CUSTOMER,
        N_("Your bank asks for a security step with this card. Please pay again and confirm it."),
    ),
    Decline(
        "11",
        DeclineKind.HARD,
        N_("The payment was stopped by a security check. Please use another card or write to us."),
    ),
    Decline(
        "99",
        DeclineKind.TECHNICAL,
        N_(
            "The payment could not be made because of a technical fault. Nothing was charged. Please try "
            "again in a few minutes."
        ),
    ),
)


def classify(code: str | None) -> Decline:
    """Return the decline of a code; one we do not know is technical, so that an operator sees it."""
    known = DECLINES.get(code or "")
    return known or Decline(code or "", DeclineKind.TECHNICAL, DECLINES["99"].sentence)
