"""What an order says about its amount is read back as it was written."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from app.db.models import Interval
from app.domain.billing.explaining import (
    CreditStep,
    DifferenceStep,
    PriceStep,
    PriceVersion,
    Step,
    UnusedStep,
    from_json,
    gross_of,
    to_json,
)

STARTER = PriceVersion(price_id=UUID(int=1), plan="Starter", version=1, interval=Interval.MONTH, gross=87_000)
TEAM = PriceVersion(price_id=UUID(int=2), plan="Team", version=3, interval=Interval.MONTH, gross=297_000)
CHANGE: list[Step] = [
    DifferenceStep(
        old=STARTER,
        new=TEAM,
        since=datetime(2026, 4, 15, tzinfo=UTC),
        until=datetime(2026, 4, 30, tzinfo=UTC),
        seconds=1_296_000,
        of_seconds=2_592_000,
        value_before=87_000,
        value_after=192_000,
    ),
    CreditStep(amount=5_000),
]
NEW_PERIOD: list[Step] = [
    PriceStep(price=TEAM),
    UnusedStep(price=STARTER, seconds=1, of_seconds=2, amount=43_500),
]


@pytest.mark.parametrize("steps", [[], CHANGE, NEW_PERIOD])
def test_steps_survive_their_json(steps: list[Step]) -> None:
    kept = msgspec.json.decode(msgspec.json.encode(to_json(steps)))

    assert from_json(kept) == steps


def test_credit_and_unused_time_leave_the_gross_as_it_is() -> None:
    assert gross_of(CHANGE) == 105_000
    assert gross_of(NEW_PERIOD) == 297_000


def test_an_unknown_step_is_refused_rather_than_left_out() -> None:
    with pytest.raises(msgspec.ValidationError):
        from_json([{"step": "discount", "amount": 1}])
