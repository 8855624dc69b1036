"""The value held in a period: which plan was held from which instant, and what it costs."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, CompanyOwned, Identified, Kurus


class PlanSlice(Identified, CompanyOwned, Base):
    """From `starts_at` to the next slice, or the period's end, this price was held.

    A period's value is the sum of its slices, each the price times its share of the seconds. What has been
    charged for it is that value rounded, so a change costs the difference of two rounded values and no
    number of changes adds a kuruş. A period that is paid ahead and then changed has two slices that start
    together; the one written later counts.
    """

    __tablename__ = "plan_slices"
    __table_args__ = (
        UniqueConstraint("order_id", "period_start"),
        CheckConstraint(
            "period_end > period_start AND starts_at >= period_start AND starts_at < period_end",
            name="lies_in_its_period",
        ),
        CheckConstraint("gross >= 0", name="gross_is_not_negative"),
    )

    subscription_id: Mapped[UUID] = mapped_column(
        ForeignKey("subscriptions.id", ondelete="RESTRICT"), index=True
    )
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"))
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]
    starts_at: Mapped[datetime]
    price_id: Mapped[UUID] = mapped_column(ForeignKey("plan_prices.id", ondelete="RESTRICT"))
    gross: Mapped[int] = mapped_column(Kurus)
    """The price of a whole period."""
