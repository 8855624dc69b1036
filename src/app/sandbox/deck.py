"""The test cards: one table that says what each card does. The code plays by it, the page prints it.

PayTR publishes three cards, and all of them succeed. The rest are the sandbox's own: a right check digit,
the first published card's BIN, and last four digits that tell the conduct (`90NN` declines with code NN).
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """How a card behaves. Codes are those of PayTR's callback; a card without any of these succeeds.

    `silent_*` are about charges without the buyer: `silent_closed_after` refuses for good after so many,
    `silent_busy` asks to try again so many times, `silent_limit` is a limit that does not suffice.
    `waits` answers wait_callback first. `refund_error` is the err_no of its refunds; with
    `refund_error_times` only so often.
    """

    decline_code: str | None = None
    needs_3d: bool = False
    needs_cvv: bool = False
    silent_closed_after: int | None = None
    silent_busy: int = 0
    silent_limit: bool = False
    waits: bool = False
    waits_code: str | None = None
    refund_error: str | None = None
    refund_error_times: int | None = None


@dataclass(frozen=True, slots=True)
class DeckCard:
    """One test card: its number as printed, what it is for, what it does."""

    number: str
    purpose: str
    conduct: Conduct

    @property
    def first_six(self) -> str:
        return self.number.replace(" ", "")[:6]

    @property
    def last_four(self) -> str:
        return self.number[-4:]


PLAIN: Final = Conduct()

DECK: Final = (
    DeckCard("4355 0843 5508 4358", "Succeeds (PayTR's own test card, Visa credit)", PLAIN),
    DeckCard("5406 6754 0667 5403", "Succeeds (PayTR's own test card, Mastercard credit)", PLAIN),
    DeckCard("9792 0303 9444 0796", "Succeeds (PayTR's own test card, Troy debit: no instalments)", PLAIN),
    DeckCard("5528 7900 0000 0008", "Succeeds (Mastercard business)", PLAIN),
    DeckCard("3744 270000 00003", "Succeeds (American Express, CVV of four digits)", PLAIN),
    DeckCard("4242 4242 4242 4242", "Succeeds (foreign: unknown to the BIN query)", PLAIN),
    DeckCard("4355 0806 0000 9000", "Declined, 0: the bank says no", Conduct(decline_code="0")),
    DeckCard("4355 0805 0000 9001", "Declined, 1: no phone number for 3-D", Conduct(decline_code="1")),
    DeckCard("4355 0804 0000 9002", "Declined, 2: wrong SMS code", Conduct(decline_code="2")),
    DeckCard("4355 0803 0000 9003", "Declined, 3: security check failed", Conduct(decline_code="3")),
    DeckCard("4355 0800 0000 9006", "Declined, 6: buyer gave up or time ran out", Conduct(decline_code="6")),
    DeckCard("4355 0808 0000 9008", "Declined, 8: instalments not on this card", Conduct(decline_code="8")),
    DeckCard("4355 0807 0000 9009", "Declined, 9: no permission for this card", Conduct(decline_code="9")),
    DeckCard("4355 0804 0000 9010", "Declined, 10: 3-D Secure required", Conduct(decline_code="10")),
    DeckCard("4355 0803 0000 9011", "Declined, 11: fraud warning", Conduct(decline_code="11")),
    DeckCard("4355 0808 0000 9099", "Declined, 99: technical fault", Conduct(decline_code="99")),
    DeckCard("4355 0804 0000 9200", "Succeeds with 3-D only, else declined with 10", Conduct(needs_3d=True)),
    DeckCard("4355 0803 0000 9300", "Stored, but needs its CVV: no silent charge", Conduct(needs_cvv=True)),
    DeckCard(
        "4355 0805 0000 9100", "Stored, closed before the first silent charge", Conduct(silent_closed_after=0)
    ),
    DeckCard("4355 0804 0000 9101", "Stored, closed after 1 silent charge", Conduct(silent_closed_after=1)),
    DeckCard("4355 0802 0000 9103", "Stored, closed after 3 silent charges", Conduct(silent_closed_after=3)),
    DeckCard(
        "4355 0809 0000 9700", "Stored, limit too low for every silent charge", Conduct(silent_limit=True)
    ),
    DeckCard("4355 0801 0000 9401", "Stored, first silent charge: try again", Conduct(silent_busy=1)),
    DeckCard("4355 0800 0000 9402", "Stored, first two silent charges: try again", Conduct(silent_busy=2)),
    DeckCard("4355 0801 0000 9500", "Without 3-D: wait_callback, then succeeds", Conduct(waits=True)),
    DeckCard(
        "4355 0800 0000 9501",
        "Without 3-D: wait_callback, then declined with 0",
        Conduct(waits=True, waits_code="0"),
    ),
    DeckCard(
        "4355 0800 0000 9600",
        "Succeeds; its first two refunds are answered 000 (locked, try later)",
        Conduct(refund_error="000", refund_error_times=2),
    ),
    DeckCard(
        "4355 0804 0000 9606",
        "Succeeds; a refund above what is left is answered 006, not 009",
        Conduct(refund_error="006"),
    ),
    DeckCard(
        "4355 0802 0000 9608", "Succeeds; refunds answer 008: not refundable", Conduct(refund_error="008")
    ),
    DeckCard(
        "4355 0808 0000 9610", "Succeeds; refunds answer 010: balance too low", Conduct(refund_error="010")
    ),
    DeckCard(
        "4355 0807 0000 9611", "Succeeds; refunds answer 011: older than a year", Conduct(refund_error="011")
    ),
)
"""Every test card. Any name, any expiry to come, any CVV. Other numbers with a right check digit succeed."""

_BY_ENDS: Final = {(card.first_six, card.last_four): card.conduct for card in DECK}


def test_cards() -> tuple[DeckCard, ...]:
    """Return the table, for those who show it."""
    return DECK


def conduct_of(first_six: str, last_four: str) -> Conduct:
    """Return what a card does, known by its ends: no number is kept whole."""
    return _BY_ENDS.get((first_six, last_four), PLAIN)


def conduct_of_masked(masked_pan: str) -> Conduct:
    """Return what a card does, known as the status query shows it (`435508AAA4358`)."""
    return conduct_of(masked_pan[:6], masked_pan[-4:])
