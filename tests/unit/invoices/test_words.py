"""Amounts in words as an accountant would write them."""

import re
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.invoices.pdf.words import amount_in_words, english, turkish
from app.lib.money import Money


@pytest.mark.parametrize(
    ("amount", "tr", "en"),
    [
        (0, "Yalnız sıfır TL", "Zero Turkish lira only"),
        (1, "Yalnız sıfır TL bir kuruş", "Zero Turkish lira and one kuruş only"),
        (870_00, "Yalnız sekiz yüz yetmiş TL", "Eight hundred seventy Turkish lira only"),
        (
            1_234_56,
            "Yalnız bin iki yüz otuz dört TL elli altı kuruş",
            "One thousand two hundred thirty-four Turkish lira and fifty-six kuruş only",
        ),
        (
            89_700_00,
            "Yalnız seksen dokuz bin yedi yüz TL",
            "Eighty-nine thousand seven hundred Turkish lira only",
        ),
        (100_00, "Yalnız yüz TL", "One hundred Turkish lira only"),
        (1_001_001_11, "Yalnız bir milyon bin bir TL on bir kuruş", None),
        (19_00, "Yalnız on dokuz TL", "Nineteen Turkish lira only"),
        (101_000_00, "Yalnız yüz bir bin TL", "One hundred one thousand Turkish lira only"),
    ],
)
def test_lira_in_words(amount: int, tr: str, en: str | None) -> None:
    assert amount_in_words(Money(amount), "tr") == tr
    assert en is None or amount_in_words(Money(amount), "en") == en


def test_other_currencies_have_their_own_units() -> None:
    assert amount_in_words(Money(29_50, "USD"), "tr") == "Yalnız yirmi dokuz ABD doları elli sent"
    assert amount_in_words(Money(29_50, "EUR"), "en") == "Twenty-nine euros and fifty cents only"
    assert amount_in_words(Money(2_00, "CHF"), "en") == "Two CHF only"


@given(st.integers(min_value=0, max_value=10**15))
def test_words_read_back_as_the_same_number(number: int) -> None:
    assert read_back(turkish(number), TURKISH) == number
    assert read_back(english(number), ENGLISH) == number


def spoken(words: str, values: Iterable[int]) -> dict[str, int]:
    return dict(zip(words.split(), values, strict=True))


THOUSANDS = [10**power for power in (2, 3, 6, 9, 12, 15)]
TURKISH = {
    **spoken("sıfır bir iki üç dört beş altı yedi sekiz dokuz on", range(11)),
    **spoken("yirmi otuz kırk elli altmış yetmiş seksen doksan", range(20, 100, 10)),
    **spoken("yüz bin milyon milyar trilyon katrilyon", THOUSANDS),
}
ENGLISH = {
    **spoken("zero one two three four five six seven eight nine ten", range(11)),
    **spoken("eleven twelve thirteen fourteen fifteen", range(11, 16)),
    **spoken("sixteen seventeen eighteen nineteen", range(16, 20)),
    **spoken("twenty thirty forty fifty sixty seventy eighty ninety", range(20, 100, 10)),
    **spoken("hundred thousand million billion trillion quadrillion", THOUSANDS),
}


def read_back(words: str, values: dict[str, int]) -> int:
    """Read a number in words the way a person does: hundreds multiply, thousands close a group."""
    total = group = 0
    for word in re.split(r"[ -]", words):
        value = values[word]
        if value >= 1000:
            total += max(group, 1) * value
            group = 0
        elif value == 100:
            group = max(group, 1) * 100
        else:
            group += value
    return total + group
