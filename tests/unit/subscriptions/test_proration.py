"""Vectors of proration, printed with `-s`: what each change costs, to the kuruş, and what is left."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from app.db.models import Interval
from app.domain.subscriptions.changes import ChangeTiming, Terms, timing_of
from app.domain.subscriptions.periods import Period, boundary
from app.domain.subscriptions.proration import (
    Slice,
    difference,
    instant_of_change,
    period_at,
    running,
    unused,
    value_of,
    with_price,
)

STARTER, TEAM, ENTERPRISE = 87_000, 297_000, 897_000
DAY = timedelta(days=1)
JUNE = Period(datetime(2027, 6, 1, tzinfo=UTC), datetime(2027, 7, 1, tzinfo=UTC))
"""Thirty days, 2,592,000 seconds."""

VECTORS = [
    # price held first, (seconds after the start, price) of each change, what each change costs
    (STARTER, [(0, TEAM)], [210_000]),
    (STARTER, [(1_296_000, TEAM)], [105_000]),
    # from the last charge (1,050.00) the second change would cost 1,971.00: 471.00 too much
    (STARTER, [(1_296_000, TEAM), (1_944_000, ENTERPRISE)], [105_000, 150_000]),
    (STARTER, [(864_000, TEAM), (1_728_000, ENTERPRISE)], [140_000, 200_000]),
    (STARTER, [(1, TEAM)], [210_000]),  # 209,999.92
    (STARTER, [(2_591_999, TEAM)], [0]),  # 0.08
    (STARTER, [(2_585_828, TEAM)], [500]),  # 500.03
    (
        STARTER,
        [(1_000_000, TEAM), (2_000_000, ENTERPRISE)],
        [128_981, 137_038],
    ),  # 128,981.48 and 137,037.04, 266,018.52 in all
    (1, [(1_296_000, 2)], [1]),  # 1.50 rounds up
    (1, [(1_296_001, 2)], [0]),
]


def at(seconds: int) -> datetime:
    return JUNE.start + timedelta(seconds=seconds)


@pytest.mark.parametrize(("first", "changes", "expected"), VECTORS)
def test_each_change_costs_what_the_rest_of_the_period_is_worth(
    first: int, changes: list[tuple[int, int]], expected: list[int]
) -> None:
    slices, costs = [Slice(JUNE, JUNE.start, first)], []
    for seconds, gross in changes:
        costs.append(difference(slices, gross, at(seconds)).amount)
        print(f"{slices[-1].gross:>8} → {gross:>8} after {seconds:>9} s costs {costs[-1]:>8}")
        slices = with_price(slices, gross, at(seconds))
    assert costs == expected


def test_what_is_left_is_what_a_price_of_nothing_gives_back() -> None:
    slices = [Slice(JUNE, JUNE.start, TEAM)]
    assert unused(slices, JUNE.start) == TEAM
    assert unused(slices, at(1_296_000)) == 148_500
    assert unused(with_price(slices, ENTERPRISE, at(1_296_000)), at(1_296_000)) == 448_500
    assert unused(slices, JUNE.end) == 0


def test_a_period_that_is_paid_ahead_is_raised_as_a_whole_and_given_back_as_a_whole() -> None:
    july = Period(JUNE.end, datetime(2027, 8, 1, tzinfo=UTC))
    slices = [Slice(JUNE, JUNE.start, STARTER), Slice(july, july.start, STARTER)]
    assert difference(slices, TEAM, at(1_296_000)).amount == 105_000 + 210_000
    raised = with_price(slices, TEAM, at(1_296_000))
    assert difference(raised, ENTERPRISE, at(1_944_000)).amount == 150_000 + 600_000
    assert unused(raised, at(1_944_000)) == 74_250 + TEAM
    assert period_at(raised, july.start) == july


def test_what_a_new_period_has_replaced_counts_no_more() -> None:
    july = Period(JUNE.end, datetime(2027, 8, 1, tzinfo=UTC))
    year = Period(at(1_000_000), at(1_000_000).replace(year=2028))
    old = [Slice(JUNE, JUNE.start, STARTER), Slice(july, july.start, STARTER)]
    new = Slice(year, year.start, 870_000)
    assert running([*old, new], year) == [new]
    assert running([new, *reversed(old)], Period(JUNE.start, july.end)) == old
    at_once = Period(JUNE.start, JUNE.start.replace(year=2028))
    begun = Slice(at_once, JUNE.start, 870_000)
    assert running([*old, begun], at_once) == [begun]


@pytest.mark.parametrize("day", [28, 29, 30, 31])
@pytest.mark.parametrize("interval", list(Interval))
def test_every_anchor_gives_a_whole_period_for_a_whole_price(day: int, interval: Interval) -> None:
    anchor = datetime(2028, 1, day, 21, 30, 0, 123_456, tzinfo=UTC)
    for index in range(24):
        period = Period(boundary(anchor, interval, index), boundary(anchor, interval, index + 1))
        held = [Slice(period, period.start, TEAM)]
        assert value_of(held) == unused(held, period.start) == TEAM
        for left in (timedelta(seconds=1), DAY, DAY * 15):
            change = instant_of_change(held, period.end - left)
            assert period.end - change == left
            share = Fraction(ENTERPRISE - TEAM) * (left // DAY or Fraction(1, 86_400))
            exact = share / ((period.end - period.start) // DAY)
            assert difference(held, ENTERPRISE, change).amount == round(exact)


def test_a_change_counts_from_a_whole_second_and_never_before_the_last_one() -> None:
    held = [Slice(JUNE, JUNE.start, STARTER)]
    asked = at(100) + timedelta(microseconds=999_999)
    assert instant_of_change(held, asked) == at(100)
    assert instant_of_change(held, JUNE.start) == JUNE.start
    later = with_price(held, TEAM, at(200))
    assert instant_of_change(later, asked) == at(200)
    with pytest.raises(ValueError, match="no earlier"):
        difference(later, ENTERPRISE, at(100))
    with pytest.raises(LookupError):
        instant_of_change(held, JUNE.end)


MONTH, YEAR = Interval.MONTH, Interval.YEAR
NOW, ANEW, THEN = ChangeTiming.WITHIN_PERIOD, ChangeTiming.NEW_PERIOD, ChangeTiming.AT_PERIOD_END


@pytest.mark.parametrize(
    ("held", "wanted", "timing"),
    [
        ((1, MONTH), (2, MONTH), NOW),
        ((1, YEAR), (2, YEAR), NOW),
        ((1, MONTH), (2, YEAR), ANEW),
        ((1, YEAR), (2, MONTH), ANEW),
        ((2, MONTH), (2, YEAR), ANEW),
        ((2, YEAR), (2, MONTH), THEN),
        ((2, MONTH), (1, MONTH), THEN),
        ((2, YEAR), (1, YEAR), THEN),
        ((2, MONTH), (1, YEAR), THEN),
        ((2, YEAR), (1, MONTH), THEN),
        ((2, MONTH), (2, MONTH), None),
        ((2, YEAR), (2, YEAR), None),
    ],
)
def test_more_counts_at_once_and_less_from_the_next_period(
    held: tuple[int, Interval], wanted: tuple[int, Interval], timing: ChangeTiming | None
) -> None:
    assert timing_of(Terms(*held), Terms(*wanted)) is timing
