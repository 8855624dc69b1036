"""Turkish tax numbers by their check digits: VKN of companies (10 digits), TCKN of persons (11 digits)."""

from stdnum.tr import tckimlik, vkn

ANONYMOUS_CONSUMER = "11111111111"
"""What e-Arşiv takes for a buyer who names no number; no person's TCKN (billing-rules.md §5.3)."""


def compact(text: str) -> str:
    """Return a number as it is kept: without the spaces and points that people write it with."""
    return text.translate(str.maketrans("", "", " .-\t\u00a0"))


def is_company_number(number: str) -> bool:
    """Say whether a number is a VKN."""
    return bool(vkn.is_valid(number))


def is_personal_number(number: str) -> bool:
    """Say whether a number is a TCKN, or the one that stands for a consumer who names none."""
    return number == ANONYMOUS_CONSUMER or bool(tckimlik.is_valid(number))
