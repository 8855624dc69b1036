"""Any number of changes in one period adds up to what its slices are worth, rounded once."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from app.db.models import Interval
from app.domain.subscriptions.periods import Period, boundary
from app.domain.subscriptions.proration import Slice, difference, rounded, unused, value_of, with_price

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
anchors = st.integers(0, 11 * 365 * 86_400).map(lambda seconds: FIRST + timedelta(seconds=seconds))
periods = st.builds(
    lambda anchor, interval, index: Period(
        boundary(anchor, interval, index), boundary(anchor, interval, index + 1)
    ),
    anchors,
    st.sampled_from(Interval),
    st.integers(0, 13),
)
prices = st.integers(0, 20_000_000)


@st.composite
def changed_periods(draw: st.DrawFn) -> tuple[Period, int, list[tuple[datetime, int]]]:
    """Return a period, the price it began with, and changes in the order of time."""
    period = draw(periods)
    length = (period.end - period.start) // timedelta(seconds=1)
    seconds = sorted(draw(st.lists(st.integers(0, length - 1), max_size=8)))
    changes = [(period.start + timedelta(seconds=second), draw(prices)) for second in seconds]
    return period, draw(prices), changes


@given(changed_periods())
def test_changes_add_up_to_the_rounded_sum_of_the_slices(
    world: tuple[Period, int, list[tuple[datetime, int]]],
) -> None:
    period, first, changes = world
    slices, charged = [Slice(period, period.start, first)], first
    for at, gross in changes:
        charged += difference(slices, gross, at).amount
        slices = with_price(slices, gross, at)
    edges = [period.start, *(at for at, _ in changes), period.end]
    grosses = [first, *(gross for _, gross in changes)]
    exact = sum(
        (
            Fraction(gross * round((end - start).total_seconds()))
            for gross, start, end in zip(grosses, edges, edges[1:], strict=False)
        ),
        Fraction(0),
    ) / round((period.end - period.start).total_seconds())
    assert value_of(slices) == exact
    assert charged == rounded(exact)


@given(changed_periods())
def test_a_larger_price_never_costs_less_than_nothing_and_no_more_than_the_whole_difference(
    world: tuple[Period, int, list[tuple[datetime, int]]],
) -> None:
    period, first, changes = world
    slices, gross = [Slice(period, period.start, first)], first
    for at, more in changes:
        cost = difference(slices, gross + more, at).amount
        assert 0 <= cost <= more
        gross += more
        slices = with_price(slices, gross, at)


@given(changed_periods(), st.integers(0, 10**6))
def test_what_was_used_and_what_is_left_are_what_was_charged(
    world: tuple[Period, int, list[tuple[datetime, int]]], part: int
) -> None:
    period, first, changes = world
    slices = [Slice(period, period.start, first)]
    for at, gross in changes:
        slices = with_price(slices, gross, at)
    end = slices[-1].starts_at + (period.end - slices[-1].starts_at) * part / 10**6
    left = unused(slices, end)
    assert 0 <= left <= rounded(value_of(slices))
    assert left + rounded(value_of(with_price(slices, 0, end))) == rounded(value_of(slices))
