"""Money crosses the wire without losing, gaining or rounding a kuruş."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.payments.paytr.amounts import (
    UnreadableAmount,
    kurus_from_integer,
    kurus_from_lira,
    lira_text,
)

KURUS = st.integers(0, 10**11 - 1)


@given(KURUS)
def test_kurus_survive_the_lira_text(kurus: int) -> None:
    assert kurus_from_lira(lira_text(kurus)) == kurus


@given(KURUS)
def test_a_comma_means_what_a_dot_means(kurus: int) -> None:
    assert kurus_from_lira(lira_text(kurus).replace(".", ",")) == kurus


@given(KURUS)
def test_grouped_lira_are_read_in_both_styles(kurus: int) -> None:
    english = f"{kurus // 100:,}.{kurus % 100:02d}"
    turkish = english.translate(str.maketrans(",.", ".,"))
    assert kurus_from_lira(english) == kurus_from_lira(turkish) == kurus


@given(KURUS)
def test_kurus_survive_the_integer_text(kurus: int) -> None:
    assert kurus_from_integer(str(kurus)) == kurus


@given(st.text(max_size=12))
def test_any_text_is_an_amount_or_a_clear_refusal(text: str) -> None:
    for read in (kurus_from_integer, kurus_from_lira):
        with suppress(UnreadableAmount):
            assert read(text) >= 0


@pytest.mark.parametrize(
    ("text", "kurus"),
    [("10,8", 1080), ("99.99", 9999), ("1500", 150000), ("0.05", 5), ("1500.35", 150035), ("00.99", 99)],
)
def test_the_forms_of_the_documentation_are_read(text: str, kurus: int) -> None:
    assert kurus_from_lira(text) == kurus


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1.234",
        "1,234",
        "1.999",
        "-1",
        "+1",
        "1e3",
        "1.2.3",
        "1.234.56",
        "12.34,5.6",
        "١٠",
        "NaN",
        "1_0",
    ],
)
def test_an_ambiguous_or_broken_amount_is_refused(text: str) -> None:
    with pytest.raises(UnreadableAmount):
        kurus_from_lira(text)


@pytest.mark.parametrize("text", ["", "1.0", "-1", "1 ", "٣", "1_0", "1" * 13, "0x1"])
def test_only_plain_digits_are_kurus(text: str) -> None:
    with pytest.raises(UnreadableAmount):
        kurus_from_integer(text)


def test_a_basket_price_always_has_two_decimals() -> None:
    assert [lira_text(kurus) for kurus in (0, 5, 100, 1800, 87000)] == [
        "0.00",
        "0.05",
        "1.00",
        "18.00",
        "870.00",
    ]


def test_a_negative_amount_is_never_sent() -> None:
    with pytest.raises(UnreadableAmount):
        lira_text(-1)
