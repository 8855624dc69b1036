"""Dunning's rules: what comes when, and what is to be done at an instant."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.db.models.subscription import RENEWAL_GRACE
from app.domain.billing.dunning.rules import (
    LOOK_AGAIN,
    PAGE_GRACE,
    Cancel,
    Charge,
    Debt,
    Stage,
    StageKind,
    Standing,
    Step,
    Suspend,
    Wait,
    attempts_over,
    begins,
    next_attempt,
    next_step,
    notices,
    schedule_of,
    stages,
    timeline,
)
from app.domain.billing.retention import REMINDED_AHEAD
from app.lib.clock import ISTANBUL
from app.lib.settings import Settings, SettingsError, load_settings

SCHEDULE = schedule_of(Settings())
SINCE = datetime(2026, 1, 31, 6, 15, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DEBT = Debt(since=SINCE, attempts=1, can_charge=True)
A, S, C = StageKind.ATTEMPT, StageKind.SUSPENSION, StageKind.CANCELLATION


def on(day: float) -> datetime:
    """Return an instant of the golden table."""
    return SINCE + day * DAY


def test_the_golden_timeline_of_a_january_that_is_not_paid() -> None:
    """Source: product §3. Attempts come before what they decide; every stage at the anchor's local time."""
    local = [
        (stage.kind, stage.number, stage.at.astimezone(ISTANBUL).strftime("%d %b %H:%M"))
        for stage in stages(DEBT, SCHEDULE)
    ]
    assert local == [
        (A, 1, "31 Jan 09:15"),
        (A, 2, "02 Feb 09:15"),
        (A, 3, "07 Feb 09:15"),
        (S, 0, "07 Feb 09:15"),
        (A, 4, "14 Feb 09:15"),
        (A, 5, "21 Feb 09:15"),
        (C, 0, "21 Feb 09:15"),
    ]
    assert [(kind, due_at) for kind, (due_at, _) in notices(DEBT, SCHEDULE).items()] == [
        (S, on(6)),
        (C, on(20)),
    ]


@pytest.mark.parametrize(
    ("day", "attempts", "step"),
    [
        (0, 0, Charge()),
        (0, 1, Wait(on(2))),
        (1.99, 1, Wait(on(2))),
        (2, 1, Charge()),
        (2, 2, Wait(on(6))),
        (6, 2, Wait(on(7))),
        (7, 2, Charge()),
        (7, 3, Suspend()),
    ],
)
def test_a_good_card_is_asked_on_its_days_and_workspaces_stop_after_the_seventh(
    day: float, attempts: int, step: Step
) -> None:
    assert next_step(replace(DEBT, attempts=attempts), SCHEDULE, on(day)) == step


@pytest.mark.parametrize(
    ("day", "attempts", "step"),
    [
        (7, 3, Wait(on(14))),
        (14, 3, Charge()),
        (14, 4, Wait(on(20))),
        (20, 4, Wait(on(21))),
        (21, 4, Charge()),
        (21, 5, Cancel()),
        (400, 5, Cancel()),
    ],
)
def test_a_suspended_one_is_asked_twice_more_and_ends_after_the_last(
    day: float, attempts: int, step: Step
) -> None:
    debt = replace(DEBT, attempts=attempts, suspended_at=on(7) + HOUR)
    assert next_step(debt, SCHEDULE, on(day)) == step


@pytest.mark.parametrize("day", [0, 2, 7, 14, 21, 40])
def test_an_undecided_attempt_holds_everything_up(day: int) -> None:
    for suspended_at in (None, on(7)):
        debt = replace(DEBT, attempts=0, undecided=True, is_untried=True, suspended_at=suspended_at)
        assert next_step(debt, SCHEDULE, on(day)) == Wait(on(day) + LOOK_AGAIN)


def test_an_open_page_holds_charges_up_and_each_stage_for_half_an_hour_at_most() -> None:
    debt = replace(DEBT, attempts=2, page_is_open=True)
    for day in (2, 6.9, 7):
        assert next_step(debt, SCHEDULE, on(day)) == Wait(on(day) + LOOK_AGAIN)
    assert next_step(debt, SCHEDULE, on(7) + PAGE_GRACE) == Suspend()
    assert next_step(replace(debt, page_is_open=False), SCHEDULE, on(7)) == Charge()
    stopped = replace(debt, suspended_at=on(7) + PAGE_GRACE)
    assert next_step(stopped, SCHEDULE, on(21)) == Wait(on(21) + LOOK_AGAIN)
    assert next_step(stopped, SCHEDULE, on(21) + PAGE_GRACE) == Cancel()


def test_without_a_card_no_attempt_is_made_and_the_stages_come_all_the_same() -> None:
    debt = replace(DEBT, can_charge=False, attempts=0)
    steps = [next_step(debt, SCHEDULE, on(day)) for day in (0, 2, 6, 7)]
    assert steps == [Wait(on(2)), Wait(on(6)), Wait(on(7)), Suspend()]
    debt = replace(debt, suspended_at=on(7))
    steps = [next_step(debt, SCHEDULE, on(day)) for day in (7, 14, 20, 21)]
    assert steps == [Wait(on(14)), Wait(on(20)), Wait(on(21)), Cancel()]


def test_a_card_that_was_not_asked_yet_is_asked_at_once_on_any_day() -> None:
    for day in (0.1, 3, 8, 20.9, 21):
        assert next_step(replace(DEBT, attempts=5, is_untried=True), SCHEDULE, on(day)) == Charge()


def test_missed_attempts_are_made_up_for_by_one() -> None:
    late = on(15)
    assert next_step(DEBT, SCHEDULE, late) == Charge()
    over = attempts_over(DEBT, SCHEDULE, late)
    assert over == 4
    assert next_step(replace(DEBT, attempts=over), SCHEDULE, late) == Suspend()


def test_a_suspension_that_came_late_moves_the_end_so_that_nobody_loses_days_by_us() -> None:
    assert next_step(replace(DEBT, attempts=5), SCHEDULE, on(30)) == Suspend(), "never canceled unannounced"
    debt = replace(DEBT, attempts=5, suspended_at=on(30))
    assert next_step(debt, SCHEDULE, on(30)) == Wait(on(43))
    assert stages(debt, SCHEDULE)[-1] == Stage(C, on(44))
    in_time = replace(DEBT, attempts=5, suspended_at=on(7.9))
    assert stages(in_time, SCHEDULE)[-1] == Stage(C, on(21)), "waiting for an answer moves nothing"


def test_day_zero_is_the_end_of_the_period_unless_the_run_is_days_late() -> None:
    assert begins(SINCE, on(1)) == SINCE
    assert begins(SINCE, on(1.01)) == on(1.01)


def test_the_drawn_timeline_says_what_the_engine_does_next() -> None:
    debt = replace(DEBT, attempts=3, suspended_at=on(7))
    drawn = [standing for _, standing in timeline(debt, SCHEDULE, on(8))]
    done, upcoming, later = Standing.DONE, Standing.NEXT, Standing.LATER
    assert drawn == [done, done, done, done, upcoming, later, later]
    (following,) = [stage for stage, standing in timeline(debt, SCHEDULE, on(8)) if standing is upcoming]
    assert next_step(debt, SCHEDULE, on(8)) == Wait(following.at)
    assert next_attempt(debt, SCHEDULE, on(8)) == following.at
    undecided = replace(DEBT, attempts=3, undecided=True)
    assert [standing for _, standing in timeline(undecided, SCHEDULE, on(7))][2:4] == [
        Standing.NOW,
        Standing.NOW,
    ]


def test_an_active_period_is_covered_as_long_as_the_first_stage_lasts() -> None:
    assert SCHEDULE.suspension == RENEWAL_GRACE


def test_files_are_kept_as_long_as_their_deletion_is_announced_at_least() -> None:
    assert load_settings({}).data_kept == timedelta(days=30)
    assert load_settings({"TEZGAH_DATA_KEPT_DAYS": str(REMINDED_AHEAD[0])}).data_kept == 7 * DAY
    with pytest.raises(SettingsError, match="TEZGAH_DATA_KEPT_DAYS"):
        load_settings({"TEZGAH_DATA_KEPT_DAYS": "6"})


@pytest.mark.parametrize("days", ["", "1,2", "0,7,2", "0,two", "0"])
def test_days_that_make_no_schedule_are_refused_at_the_start(days: str) -> None:
    with pytest.raises(SettingsError, match=r"TEZGAH_(DUNNING_DAYS|SUSPENSION_DAY)"):
        load_settings({"TEZGAH_DUNNING_DAYS": days or " "})


def test_other_days_move_every_stage() -> None:
    settings = load_settings({"TEZGAH_DUNNING_DAYS": "0,1,4", "TEZGAH_SUSPENSION_DAY": "3"})
    found = [(stage.kind, stage.at) for stage in stages(DEBT, schedule_of(settings))]
    assert found == [(A, on(0)), (A, on(1)), (S, on(3)), (A, on(4)), (C, on(4))]
