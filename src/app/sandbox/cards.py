"""The card form of the hosted page. A card number lives for one request and is never kept whole."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

TEST_CARDS: Final = ("4355 0843 5508 4358", "5406 6754 0667 5403", "9792 0303 9444 0796")
"""PayTR's published test cards; any name, expiry 12/30, code 000."""

PREFILLED: Final = {
    "card_name": "Test Kart",
    "card_number": TEST_CARDS[0],
    "card_expiry": "12/30",
    "card_code": "000",
}
_EXPIRY: Final = re.compile(r"(0[1-9]|1[0-2]) ?/ ?[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CardForm:
    """What the buyer typed."""

    name: str
    number: str
    expiry: str
    code: str

    @classmethod
    def from_form(cls, form: Mapping[str, str]) -> "CardForm":
        """Read the fields; blanks inside the number do not count."""
        return cls(
            name=form.get("card_name", "").strip(),
            number=re.sub(r"[ -]", "", form.get("card_number", "")),
            expiry=form.get("card_expiry", "").strip(),
            code=form.get("card_code", "").strip(),
        )

    def problems(self) -> dict[str, str]:
        """Return the text key of what is wrong, by field."""
        checks = {
            "card_name": bool(self.name),
            "card_number": is_card_number(self.number),
            "card_expiry": _EXPIRY.fullmatch(self.expiry) is not None,
            "card_code": re.fullmatch(r"[0-9]{3,4}", self.code, re.ASCII) is not None,
        }
        return {name: f"bad_{name}" for name, right in checks.items() if not right}

    @property
    def masked(self) -> str:
        """The number as the status query shows it: six digits, AAA, four digits."""
        return f"{self.number[:6]}AAA{self.number[-4:]}"


def is_card_number(number: str) -> bool:
    """Say whether digits form a card number: 12 to 19 of them with a right check digit (ISO/IEC 7812)."""
    if not re.fullmatch(r"[0-9]{12,19}", number, re.ASCII):
        return False
    doubled = [int(digit) * (2 if position % 2 else 1) for position, digit in enumerate(reversed(number))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
