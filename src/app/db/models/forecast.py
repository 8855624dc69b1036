"""A day told before it happens: what the engine was expected to do, company by company."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, CompanyOwned, Identified, Kurus


class ForecastStatus(StrEnum):
    """How far a forecast is."""

    MAKING = "making"
    MADE = "made"
    REFUSED = "refused"
    """There is none; `reason` says why."""


class LineKind(StrEnum):
    """What happens to a company that an operator wants to know of."""

    PAID = "paid"
    """An order was paid, by card or credit, and its invoice issued."""
    DECLINED = "declined"
    """A stored card was asked and refused."""
    UNPAID = "unpaid"
    """A renewal fell due and was not paid on its day."""
    TRIAL_ENDED = "trial_ended"
    """A trial ended unpaid."""
    SUSPENDED = "suspended"
    CANCELED = "canceled"


class Forecast(Identified, Base):
    """What one day of Türkiye was expected to bring; what it brought is read from the rows of that day."""

    __tablename__ = "forecasts"
    __table_args__ = (
        CheckConstraint("status IN ('making', 'made', 'refused')", name="status_is_known"),
        CheckConstraint("(status = 'made') = (made_at IS NOT NULL)", name="made_has_an_instant"),
        CheckConstraint("(status = 'refused') = (reason IS NOT NULL)", name="refused_has_a_reason"),
    )

    day: Mapped[date] = mapped_column(unique=True)
    """The lock of the nightly job: whoever writes the row makes the forecast."""
    status: Mapped[ForecastStatus] = mapped_column(default=ForecastStatus.MAKING)
    started_at: Mapped[datetime]
    """When it was last begun; who began it before that may write no more."""
    next_attempt_at: Mapped[datetime | None]
    """When it may be begun once more, because it was refused or never came to its end."""
    made_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    """Why there is none, as a message id."""
    figures: Mapped[list[Any]] = mapped_column(default=list)
    """What the day adds up to, as `ops.forecasts.figures.Figure` reads it."""
    failed_rows: Mapped[int] = mapped_column(default=0)
    """Rows that the engine failed on in the rehearsal."""
    unreadable_cards: Mapped[int] = mapped_column(default=0)
    """Cards that could not be read with this installation's key, and so did not pay."""


class ForecastLine(Identified, CompanyOwned, Base):
    """What was expected of one company."""

    __tablename__ = "forecast_lines"
    __table_args__ = (
        UniqueConstraint("forecast_id", "position"),
        CheckConstraint(
            "kind IN ('paid', 'declined', 'unpaid', 'trial_ended', 'suspended', 'canceled')",
            name="kind_is_known",
        ),
        CheckConstraint("(amount IS NULL) = (currency IS NULL)", name="amount_has_a_currency"),
    )

    forecast_id: Mapped[UUID] = mapped_column(ForeignKey("forecasts.id", ondelete="RESTRICT"))
    position: Mapped[int]
    subscription_id: Mapped[UUID | None] = mapped_column(ForeignKey("subscriptions.id", ondelete="RESTRICT"))
    kind: Mapped[LineKind]
    detail: Mapped[str]
    """Of money: which kind of order it is for."""
    plan: Mapped[str]
    amount: Mapped[int | None] = mapped_column(Kurus)
    currency: Mapped[str | None]
