"""What a change costs: every way it can go, on plain values."""

from datetime import UTC, datetime, timedelta

import pytest

from app.db.models import Interval, Plan, PlanPrice
from app.domain.billing.changes.quotes import Held, NothingChanges, Quote, quote
from app.domain.billing.explaining import CreditStep, DifferenceStep, UnusedStep, gross_of
from app.domain.subscriptions.changes import ChangeTiming
from app.domain.subscriptions.periods import Period
from app.domain.subscriptions.proration import Slice
from app.lib.errors import DomainError
from app.lib.ids import uuid7

JUNE = Period(datetime(2027, 6, 1, tzinfo=UTC), datetime(2027, 7, 1, tzinfo=UTC))
MIDDLE = JUNE.start + timedelta(days=15)
RANKS = {"starter": 1, "team": 2, "enterprise": 3}


def price(plan: str, gross: int, interval: Interval = Interval.MONTH) -> PlanPrice:
    return PlanPrice(
        id=uuid7(),
        plan_code=plan,
        plan=Plan(code=plan, name=plan.title(), rank=RANKS[plan]),
        interval=interval,
        currency="TRY",
        version=1,
        gross=gross,
        vat_basis_points=2000,
    )


TEAM = price("team", 297_000)


def held(*, credit: int = 0, creditable: int = 10**9, is_uniform: bool = True) -> Held:
    return Held(
        price=TEAM,
        anchor=JUNE.start,
        covered=JUNE,
        slices=[Slice(JUNE, JUNE.start, TEAM.gross)],
        is_uniform=is_uniform,
        credit=credit,
        creditable=creditable,
    )


def amounts(found: Quote) -> tuple[int, int, int, int, int]:
    """Return gross, unused, credit used, due and credit afterwards."""
    return found.gross, found.unused, found.credit, found.due, found.credit_after


@pytest.mark.parametrize(
    ("wanted", "credit", "expected"),
    [
        (price("enterprise", 897_000), 0, (300_000, 0, 0, 300_000, 0)),
        (price("enterprise", 897_000), 100, (300_000, 0, 100, 299_900, 0)),
        (price("enterprise", 897_000), 300_001, (300_000, 0, 300_000, 0, 1)),
        # held at an old price that is above the new one of a larger plan: the difference comes back
        (price("enterprise", 97_000), 0, (0, 100_000, 0, 0, 100_000)),
        (price("team", 2_970_000, Interval.YEAR), 0, (2_970_000, 148_500, 148_500, 2_821_500, 0)),
        (price("enterprise", 97_000, Interval.YEAR), 5, (97_000, 148_500, 97_000, 0, 51_505)),
        (price("starter", 87_000), 7, (0, 0, 0, 0, 7)),
    ],
)
def test_what_is_charged_and_what_credit_pays(
    wanted: PlanPrice, credit: int, expected: tuple[int, int, int, int, int]
) -> None:
    found = quote(held(credit=credit), wanted, MIDDLE)
    assert amounts(found) == expected
    assert gross_of(found.steps) == found.gross == found.vat.net + found.vat.vat
    assert sum(step.amount for step in found.steps if isinstance(step, CreditStep)) == found.credit
    assert sum(step.amount for step in found.steps if isinstance(step, UnusedStep)) == found.unused


def test_no_more_is_given_back_than_can_be_taken_from_invoices() -> None:
    found = quote(held(creditable=1_000), price("team", 2_970_000, Interval.YEAR), MIDDLE)
    assert amounts(found) == (2_970_000, 1_000, 1_000, 2_969_000, 0)


def test_the_steps_of_several_periods_add_up_to_what_is_charged() -> None:
    july = Period(JUNE.end, datetime(2027, 8, 1, tzinfo=UTC))
    paid_ahead = Held(
        price=TEAM,
        anchor=JUNE.start,
        covered=Period(JUNE.start, july.end),
        slices=[Slice(JUNE, JUNE.start, TEAM.gross), Slice(july, july.start, TEAM.gross)],
        is_uniform=True,
        credit=0,
        creditable=0,
    )
    found = quote(paid_ahead, price("enterprise", 897_000), MIDDLE + timedelta(seconds=1))
    assert [step.amount for step in found.steps] == [300_000, 600_000]
    assert [step.seconds for step in found.steps if isinstance(step, DifferenceStep)] == [
        1_295_999,
        2_678_400,
    ]
    assert found.period.end == july.end


def test_the_plan_that_is_held_is_no_change() -> None:
    with pytest.raises(NothingChanges):
        quote(held(), price("team", 330_000), MIDDLE)


def test_a_month_and_a_year_in_a_row_are_not_raised_as_one() -> None:
    with pytest.raises(DomainError, match="in a row"):
        quote(held(is_uniform=False), price("enterprise", 897_000), MIDDLE)


def test_a_smaller_plan_begins_with_the_next_period_and_keeps_the_anchor() -> None:
    anchor = datetime(2027, 1, 31, 9, 0, tzinfo=UTC)
    end = datetime(2027, 2, 28, 9, 0, tzinfo=UTC)
    january = Held(
        price=TEAM,
        anchor=anchor,
        covered=Period(anchor, end),
        slices=[Slice(Period(anchor, end), anchor, TEAM.gross)],
        is_uniform=True,
        credit=0,
        creditable=0,
    )
    found = quote(january, price("starter", 87_000), anchor + timedelta(days=3))
    assert found.timing is ChangeTiming.AT_PERIOD_END
    assert (found.at, found.period) == (end, Period(end, datetime(2027, 3, 31, 9, 0, tzinfo=UTC)))
