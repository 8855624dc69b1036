"""VAT out of gross amounts, to the kuruş."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lib.money import UnreachableGross, VatSplit, split_any_gross, split_gross, vat_on


@given(net=st.integers(min_value=0, max_value=10**12), rate=st.sampled_from([0, 100, 1000, 2000]))
def test_every_net_amount_is_found_again_from_its_gross(net: int, rate: int) -> None:
    split = split_gross(net + vat_on(net, rate), rate)
    assert (split.net, split.vat) == (net, vat_on(net, rate))
    assert split.gross == net + vat_on(net, rate)


@given(gross=st.integers(min_value=0, max_value=10**9))
def test_at_twenty_percent_exactly_one_gross_in_six_is_refused(gross: int) -> None:
    if gross % 6 == 3:
        with pytest.raises(UnreachableGross):
            split_gross(gross, 2000)
    else:
        assert split_gross(gross, 2000).gross == gross


@pytest.mark.parametrize(
    ("gross", "net", "vat"),
    [(87_000, 72_500, 14_500), (297_000, 247_500, 49_500), (897_000, 747_500, 149_500), (1, 1, 0), (0, 0, 0)],
)
def test_catalogue_prices_split_as_printed(gross: int, net: int, vat: int) -> None:
    split = split_gross(gross, 2000)
    assert (split.net, split.vat) == (net, vat)


def test_every_gross_up_to_two_thousand_lira_is_exact_or_refused() -> None:
    refused = []
    for gross in range(1, 200_001):
        try:
            split = split_gross(gross, 2000)
        except UnreachableGross:
            refused.append(gross)
        else:
            assert split.vat == vat_on(split.net, 2000)
            assert split.gross == gross
            assert split == split_any_gross(gross, 2000)
    assert refused == list(range(3, 200_001, 6))


@given(gross=st.integers(min_value=0, max_value=10**12), rate=st.sampled_from([0, 100, 1000, 2000]))
def test_any_gross_is_taken_apart_by_its_net_half_up(gross: int, rate: int) -> None:
    split = split_any_gross(gross, rate)
    exact = Fraction(gross * 10_000, 10_000 + rate)
    assert split.gross == gross
    assert Fraction(-1, 2) < split.net - exact <= Fraction(1, 2)


def test_a_prorated_difference_without_a_whole_net_still_adds_up() -> None:
    assert split_any_gross(99_999, 2000) == VatSplit(net=83_333, vat=16_666)
