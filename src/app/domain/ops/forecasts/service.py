"""Making forecasts: which day is due, who makes it, and what is kept of it.

The row of a day is its lock. Whoever writes it, or takes over one that is due once more, makes the forecast;
whoever was overtaken meanwhile writes nothing (docs/adr/0025).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert as plain_insert
from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Forecast, ForecastLine, ForecastStatus
from app.domain.ops.forecasts.figures import DayFacts
from app.lib.clock import ISTANBUL
from app.lib.ids import uuid7

EVENING = 22
"""From this hour of Türkiye on, tomorrow is told."""
TIME_LIMIT = timedelta(minutes=20)
LEASE = TIME_LIMIT + timedelta(minutes=5)
"""After that time whoever began it is gone, and it is begun anew."""
AGAIN_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Foretold:
    """What a rehearsal says of a day, and what went wrong in it."""

    facts: DayFacts
    failed_rows: int = 0
    unreadable_cards: int = 0


def day_due(at: datetime) -> date:
    """Return the day to be told: tomorrow in the evening, until then today, if it was missed."""
    return (at.astimezone(ISTANBUL) + timedelta(hours=24 - EVENING)).date()


async def claim(session: AsyncSession, day: date, *, at: datetime, by_hand: bool = False) -> bool:
    """Say whether the caller makes this day's forecast: nobody has, or whoever began is gone.

    A refused one is tried again when it is due, and at once by hand. One that was made stays as it is.
    """
    begun: dict[str, Any] = {
        "status": ForecastStatus.MAKING,
        "started_at": at,
        "next_attempt_at": at + LEASE,
        "reason": None,
    }
    is_due = Forecast.next_attempt_at <= at
    statement = (
        insert(Forecast)
        .values(id=uuid7(), day=day, **begun)
        .on_conflict_do_update(
            index_elements=[Forecast.day],
            set_=begun,
            where=or_(is_due, Forecast.status == ForecastStatus.REFUSED) if by_hand else is_due,
        )
        .returning(Forecast.id)
    )
    return await session.scalar(statement) is not None


async def keep(session: AsyncSession, day: date, told: Foretold, *, began_at: datetime) -> bool:
    """Keep what the rehearsal that began at this instant says; nothing when another has taken it over."""
    forecast = await _begun(session, day, began_at)
    if forecast is None:
        return False
    forecast.status, forecast.made_at, forecast.next_attempt_at = ForecastStatus.MADE, began_at, None
    forecast.figures = [figure.to_json() for figure in told.facts.figures]
    forecast.failed_rows, forecast.unreadable_cards = told.failed_rows, told.unreadable_cards
    rows = [
        {
            "id": uuid7(),
            "forecast_id": forecast.id,
            "position": position,
            "company_id": line.company_id,
            "subscription_id": line.subscription_id,
            "kind": line.kind,
            "detail": line.detail,
            "plan": line.plan,
            "amount": line.amount,
            "currency": line.currency,
        }
        for position, line in enumerate(told.facts.lines)
    ]
    if rows:
        await session.execute(plain_insert(ForecastLine), rows)
    return True


async def refuse(
    session: AsyncSession, day: date, reason: str, *, began_at: datetime, next_attempt_at: datetime | None
) -> None:
    """Keep why there is no forecast (a message id), and when it is tried again."""
    forecast = await _begun(session, day, began_at)
    if forecast is not None:
        forecast.status, forecast.reason = ForecastStatus.REFUSED, reason
        forecast.next_attempt_at = next_attempt_at


async def _begun(session: AsyncSession, day: date, began_at: datetime) -> Forecast | None:
    statement = select(Forecast).where(
        Forecast.day == day,
        Forecast.started_at == began_at,
        Forecast.status == ForecastStatus.MAKING,
    )
    return await session.scalar(statement.with_for_update())
