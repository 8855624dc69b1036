"""What a plan costs: one amount, one currency, one interval. Never edited, only superseded."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base import Base, Identified, Kurus
from app.db.models.plan import Plan


class Interval(StrEnum):
    """How long one payment lasts."""

    MONTH = "month"
    YEAR = "year"


class PlanPrice(Identified, Base):
    """One version of one price, VAT included and taken apart to the kuruş."""

    __tablename__ = "plan_prices"
    __table_args__ = (
        UniqueConstraint("plan_code", "interval", "currency", "version"),
        Index(
            "uq_plan_prices_current",
            "plan_code",
            "interval",
            "currency",
            unique=True,
            postgresql_where=text("superseded_at IS NULL"),
        ),
        CheckConstraint("interval IN ('month', 'year')", name="interval_is_known"),
        CheckConstraint("net >= 0 AND vat >= 0 AND gross = net + vat", name="gross_is_net_and_vat"),
        CheckConstraint("vat = (net * vat_basis_points + 5000) / 10000", name="vat_follows_the_rate"),
    )

    plan_code: Mapped[str] = mapped_column(ForeignKey("plans.code", ondelete="RESTRICT"))
    interval: Mapped[Interval]
    currency: Mapped[str]
    version: Mapped[int]
    gross: Mapped[int] = mapped_column(Kurus)
    net: Mapped[int] = mapped_column(Kurus)
    vat: Mapped[int] = mapped_column(Kurus)
    vat_basis_points: Mapped[int]
    published_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]

    plan: Mapped[Plan] = relationship(lazy="raise")
