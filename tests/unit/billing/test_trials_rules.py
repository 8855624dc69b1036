"""What is to be done about a trial, and on which days its owner is reminded."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.billing.reminders import days_until
from app.domain.billing.trials.rules import Step, TrialFacts, next_step, reminder_days

ENDS = datetime(2026, 12, 6, 14, 5, tzinfo=UTC)
FACTS = TrialFacts(ends_at=ENDS, converts=True, is_charged=False, must_wait=False, has_fit_card=True)
# end of the trial | reminders; the days are those of Istanbul (UTC+3), where midnight is 21:00 UTC
GOLDEN = [
    ("2026-12-06T14:05", ["2026-11-29T14:05", "2026-12-03T14:05", "2026-12-05T14:05"]),
    ("2026-12-05T20:59", ["2026-11-28T20:59", "2026-12-02T20:59", "2026-12-04T20:59"]),  # a minute before
    ("2026-12-05T21:00", ["2026-11-28T21:00", "2026-12-02T21:00", "2026-12-04T21:00"]),  # midnight itself
    ("2027-01-01T00:30", ["2026-12-25T00:30", "2026-12-29T00:30", "2026-12-31T00:30"]),
    ("2028-03-01T09:00", ["2028-02-23T09:00", "2028-02-27T09:00", "2028-02-29T09:00"]),
    # summer time ended here in 2015 for the last time, on 8 November: the time of day stays
    ("2015-11-10T10:00", ["2015-11-03T09:00", "2015-11-07T09:00", "2015-11-09T10:00"]),
]
# end of the trial | the moment of writing | what the letter says: 0 is today, 1 tomorrow
WORDS = [
    ("2026-12-05T20:59", "2026-12-04T20:59", 1),
    ("2026-12-05T20:59", "2026-12-04T21:00", 0),  # 5 December has begun in Istanbul, not in UTC
    ("2026-12-05T21:00", "2026-12-04T20:59", 2),  # ends as 6 December begins; it is still the 4th
    ("2026-12-05T21:00", "2026-12-04T21:00", 1),
    ("2026-12-06T14:05", "2026-12-03T14:05", 3),
    ("2026-12-06T14:05", "2026-12-03T22:00", 2),
]


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(("ends_at", "reminded"), GOLDEN)
def test_reminders_come_on_the_days_of_the_golden_table(ends_at: str, reminded: list[str]) -> None:
    assert reminder_days(instant(ends_at)) == [instant(day) for day in reminded]


@pytest.mark.parametrize(("ends_at", "written_at", "days"), WORDS)
def test_a_letter_counts_days_as_its_reader_does(ends_at: str, written_at: str, days: int) -> None:
    assert days_until(instant(ends_at), instant(written_at)) == days


@pytest.mark.parametrize(
    ("differing", "step"),
    [
        ({}, Step.CHARGE),
        ({"must_wait": True}, Step.WAIT),
        ({"is_charged": True}, Step.END),
        ({"is_charged": True, "must_wait": True}, Step.WAIT),
        ({"has_fit_card": False}, Step.END),
        ({"converts": False}, Step.END),
        ({"converts": False, "must_wait": True}, Step.END),
    ],
)
def test_a_trial_that_is_over_is_charged_once_waited_for_or_ended(
    differing: dict[str, bool], step: Step
) -> None:
    facts = replace(FACTS, **differing)  # type: ignore[arg-type]  # the table holds flags only
    assert next_step(facts, at=ENDS) is step
    assert next_step(facts, at=ENDS - timedelta(microseconds=1)) is Step.REMIND
