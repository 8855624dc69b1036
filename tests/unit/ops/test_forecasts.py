"""Why a day went otherwise, which day is told, and how a month is drawn: rules without a database."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.db.models import LineKind
from app.domain.ops.forecasts.causes import Cause, CompanyDay, Evidence, cause_of, compare
from app.domain.ops.forecasts.chart import BOTTOM, HEIGHT, TOP, Value, chart_of
from app.domain.ops.forecasts.figures import Line
from app.domain.ops.forecasts.service import day_due
from app.domain.ops.forecasts.sheets import paired

COMPANY, OTHER = UUID(int=1), UUID(int=2)
SINCE = datetime(2027, 3, 9, 20, tzinfo=UTC)
K = LineKind
PRICE = 297_000


def line(kind: LineKind, detail: str = "renewal", amount: int = PRICE, company: UUID = COMPANY) -> Line:
    has_amount = kind in {K.PAID, K.DECLINED, K.UNPAID}
    return Line(
        company, None, kind, detail, "Team", amount if has_amount else None, "TRY" if has_amount else None
    )


def since(*actions: str) -> dict[str, datetime]:
    """Return what happened after the forecast, an hour apart, in order."""
    return {action: SINCE + number * timedelta(hours=1) for number, action in enumerate(actions)}


RENEWED, LOST, DECLINED = line(K.PAID), line(K.UNPAID), line(K.DECLINED)
NOTED, ENDED = "subscription.cancellation_noted", line(K.CANCELED)
CASES: list[tuple[Cause, list[Line], list[Line], dict[str, Any]]] = [
    (Cause.DECLINED, [RENEWED], [LOST, DECLINED], {}),
    (Cause.UNDECIDED, [RENEWED], [LOST], {"is_undecided": True}),
    (Cause.PARKED, [RENEWED], [LOST], {"is_parked": True}),
    (Cause.CANCELED, [RENEWED], [ENDED], {"since": since(NOTED)}),
    (Cause.CANCELED, [RENEWED], [ENDED], {"since": since("subscription.resumed", NOTED)}),
    (Cause.RESUMED, [ENDED], [LOST], {"since": since(NOTED, "subscription.resumed")}),
    (Cause.PAID_EARLIER, [LOST], [], {"paid_earlier": True}),
    (Cause.PAID_BY_PERSON, [LOST], [RENEWED], {"paid_by_person": True}),
    (Cause.CARD_CHANGED, [LOST], [RENEWED], {"since": since("card.stored")}),
    (Cause.PURCHASE, [], [line(K.PAID, "purchase")], {"paid_by_person": True}),
    (Cause.NEW_COMPANY, [], [line(K.PAID, "purchase")], {"since": since("company.registered")}),
    (Cause.PLAN_CHANGED, [], [line(K.PAID, "change")], {"paid_by_person": True}),
    (Cause.PLAN_CHANGED, [RENEWED], [line(K.PAID, amount=1)], {"since": since("subscription.change_noted")}),
    (Cause.TRIAL_CHOICE, [line(K.TRIAL_ENDED)], [RENEWED], {"since": since("trial.conversion_chosen")}),
    (Cause.UNKNOWN, [RENEWED], [], {}),
]


@pytest.mark.parametrize(("cause", "expected", "happened", "facts"), CASES)
def test_each_difference_has_the_cause_that_the_rows_tell(
    cause: Cause, expected: list[Line], happened: list[Line], facts: dict[str, Any]
) -> None:
    day = CompanyDay(COMPANY, tuple(expected), tuple(happened))
    known = Evidence(**{"since": {}, **facts})
    assert cause_of(day, known, is_over=True, has_run=True) is cause


def test_what_has_not_come_by_noon_may_still_come_and_at_night_nobody_ran() -> None:
    day = CompanyDay(COMPANY, (RENEWED,), ())
    nothing = Evidence(since={})
    assert cause_of(day, nothing, is_over=False, has_run=True) is Cause.NOT_YET
    assert cause_of(day, nothing, is_over=True, has_run=False) is Cause.NOT_RUN


def test_companies_differ_by_what_happens_to_them_not_by_its_order() -> None:
    trial = line(K.TRIAL_ENDED, company=OTHER)
    same, other = compare([LOST, DECLINED, trial], [DECLINED, LOST])
    assert not same.differs
    assert other.differs
    assert paired(same) == [(LOST, LOST), (DECLINED, DECLINED)]
    assert paired(CompanyDay(COMPANY, (RENEWED,), (LOST,))) == [(RENEWED, None), (None, LOST)]


@pytest.mark.parametrize(
    ("at", "day"), [("18:59", date(2027, 3, 9)), ("19:00", date(2027, 3, 10)), ("21:00", date(2027, 3, 10))]
)
def test_tomorrow_is_told_from_ten_in_the_evening_of_turkiye(at: str, day: date) -> None:
    assert day_due(datetime.fromisoformat(f"2027-03-09T{at}+00:00")) == day


@pytest.mark.parametrize(
    "amounts", [[], [0], [1], [99], [247_500, 0, 742_500], [-100_000, 50_000], [10**12, 3]]
)
def test_a_chart_encloses_every_amount_between_round_lines(amounts: list[int]) -> None:
    first = date(2027, 3, 1)
    chart = chart_of(
        [Value(first + timedelta(days=number), None, amount) for number, amount in enumerate(amounts)]
    )
    lowest, highest = chart.lines[0], chart.lines[-1]
    assert (lowest[0], highest[0]) == (HEIGHT - BOTTOM, TOP)
    assert lowest[1] <= min([0, *amounts]) <= max([0, *amounts]) <= highest[1]
    assert all(amount % 100 == 0 for _, amount in chart.lines)
    assert 2 <= len(chart.lines) <= 8
    for bar in chart.bars:
        assert TOP <= bar.y <= bar.y + bar.height <= HEIGHT - BOTTOM
