"""Why an attempt took no money: PayTR's codes, and our own words where it answers without one.

A charge without the buyer is answered with a status and `try_again`, no code (paytr.md §8). What it means
is kept in the payment's `failure_code` as one of the words below, which no code of PayTR's can be.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from app.domain.payments.paytr.reasons import DECLINES, Decline, DeclineKind, classify
from app.domain.payments.values import ChargeAnswer
from app.lib.i18n import N_

CARD_REFUSED: Final = Decline(
    "card_refused",
    DeclineKind.HARD,
    N_("Your bank does not allow further charges to this card. Please pay with another card."),
)
BUSY: Final = Decline(
    "busy",
    DeclineKind.IN_FLIGHT,
    N_("Your bank is still busy with another payment of this card. Nothing was charged; try again later."),
)
DECLINED: Final = Decline("declined", DeclineKind.SOFT, DECLINES["0"].sentence)
REQUEST_REFUSED: Final = Decline(
    "request_refused",
    DeclineKind.TECHNICAL,
    N_("PayTR did not accept this payment. Nothing was charged. Try again, and write to us if it stays so."),
)
NOT_SENT: Final = Decline(
    "not_sent",
    DeclineKind.TECHNICAL,
    N_("The charge was called off before it reached your bank. Nothing was charged."),
)
OWN: Final[Mapping[str, Decline]] = MappingProxyType(
    {decline.code: decline for decline in (CARD_REFUSED, BUSY, DECLINED, REQUEST_REFUSED, NOT_SENT)}
)
"""The reasons that carry no code of PayTR's."""


def reason_of(code: str | None) -> Decline:
    """Return the decline behind a payment's `failure_code`, ours or PayTR's."""
    return OWN.get(code or "") or classify(code)


def classify_answer(answer: ChargeAnswer) -> Decline:
    """Return what a refused charge of a stored card means (paytr.md §8, recurring).

    `try_again` false: the bank has closed the card to us. True: another operation is running. Neither:
    declined as any card may be.
    """
    if answer.may_retry is None:
        return DECLINED
    return BUSY if answer.may_retry else CARD_REFUSED


def ends_silent_charges(code: str | None) -> bool:
    """Say whether a card must not be charged without its owner again.

    A hard decline, or a bank that insists on its security step (code 10): nobody is there to take it.
    """
    decline = reason_of(code)
    return decline.kind is DeclineKind.HARD or decline.code == "10"
