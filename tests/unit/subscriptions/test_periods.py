"""Anchors keep their day: golden calendars, and properties over all of them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.db.models import Interval
from app.domain.subscriptions.periods import boundary, first_period, following_period
from app.lib.clock import ISTANBUL

LENGTHS = {"common": (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)}
LENGTHS["leap"] = (31, 29, *LENGTHS["common"][2:])
TEN_YEARS = {year: "leap" if year in (2028, 2032, 2036) else "common" for year in range(2027, 2037)}
"""The calendar as printed, not as computed."""

anchors = st.integers(min_value=0, max_value=15 * 365 * 24 * 3600).map(
    lambda seconds: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
intervals = st.sampled_from(list(Interval))


def day(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T10:30:15").replace(tzinfo=ISTANBUL).astimezone(UTC)


@pytest.mark.parametrize(
    ("anchor", "interval", "expected"),
    [
        ("2026-01-31", Interval.MONTH, ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]),
        ("2027-12-30", Interval.MONTH, ["2028-01-30", "2028-02-29", "2028-03-30"]),
        ("2026-11-22", Interval.MONTH, ["2026-12-22", "2027-01-22", "2027-02-22"]),
    ],
)
def test_the_anchor_day_comes_back_after_a_short_month(
    anchor: str, interval: Interval, expected: list[str]
) -> None:
    found = [boundary(day(anchor), interval, index) for index in range(1, len(expected) + 1)]
    assert found == [day(text) for text in expected]


@pytest.mark.parametrize("kept", [28, 29, 30, 31])
def test_an_anchor_at_a_months_end_keeps_its_day_for_ten_years(kept: int) -> None:
    found = [boundary(day(f"2027-01-{kept}"), Interval.MONTH, index) for index in range(120)]
    assert found == [
        day(f"{year}-{month:02d}-{min(kept, length):02d}")
        for year, kind in TEN_YEARS.items()
        for month, length in enumerate(LENGTHS[kind], start=1)
    ]


def test_a_yearly_leap_day_waits_for_the_28th_in_common_years_and_comes_back() -> None:
    found = [boundary(day("2028-02-29"), Interval.YEAR, index) for index in range(11)]
    assert found == [
        day(text)
        for text in (
            *("2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28"),
            *("2032-02-29", "2033-02-28", "2034-02-28", "2035-02-28"),
            *("2036-02-29", "2037-02-28", "2038-02-28"),
        )
    ]


def test_the_calendar_is_istanbuls_not_utcs() -> None:
    just_past_midnight = datetime(2026, 1, 30, 21, 30, tzinfo=UTC)  # 31 January, 00:30 in Türkiye
    assert boundary(just_past_midnight, Interval.MONTH, 1) == datetime(2026, 2, 27, 21, 30, tzinfo=UTC)


@given(anchor=anchors, interval=intervals)
def test_periods_follow_each_other_without_gap_or_overlap(anchor: datetime, interval: Interval) -> None:
    period = first_period(anchor, interval)
    for index in range(2, 16):
        kept, following = following_period(anchor, interval, period.end)
        assert kept == anchor
        assert following.start == period.end < following.end == boundary(anchor, interval, index)
        period = following


@given(anchor=anchors)
def test_a_month_after_a_year_starts_where_the_year_ends(anchor: datetime) -> None:
    odd_end = boundary(anchor, Interval.MONTH, 3) + timedelta(days=1)
    moved, period = following_period(anchor, Interval.MONTH, odd_end)
    assert moved == period.start == odd_end < period.end
