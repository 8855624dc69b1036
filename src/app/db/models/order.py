"""An order: one intention to pay, with everything it costs frozen on it."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, CompanyOwned, Identified, Kurus
from app.db.models.plan_price import Interval
from app.lib.state import Transitions


class OrderStatus(StrEnum):
    """What became of an order."""

    OPEN = "open"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELED = "canceled"


class OrderKind(StrEnum):
    """What an order is for."""

    PURCHASE = "purchase"
    """A period, bought by a person on the checkout."""
    RENEWAL = "renewal"
    """The period that follows, due at the end of the one before."""
    CHANGE = "change"
    """A larger plan or a longer interval, from the instant it was asked for."""


O = OrderStatus  # noqa: E741 the table below reads as a table
ORDER_TRANSITIONS = Transitions[OrderStatus](
    {O.OPEN: {O.PAID, O.EXPIRED, O.CANCELED}, O.EXPIRED: {O.PAID}, O.CANCELED: {O.PAID}}
)


class Order(Identified, CompanyOwned, Base):
    """What is owed; an invoice is issued only once it is paid."""

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'paid', 'expired', 'canceled')", name="status_is_known"),
        CheckConstraint("interval IN ('month', 'year')", name="interval_is_known"),
        CheckConstraint("net >= 0 AND vat >= 0 AND gross = net + vat", name="gross_is_net_and_vat"),
        CheckConstraint("(status = 'paid') = (paid_at IS NOT NULL)", name="paid_has_an_instant"),
        CheckConstraint("kind IN ('purchase', 'renewal', 'change')", name="kind_is_known"),
        CheckConstraint("credit >= 0 AND credit <= gross", name="credit_is_within_the_price"),
        CheckConstraint("period_end > period_start", name="period_is_forward"),
        CheckConstraint("kind <> 'renewal' OR period_end IS NOT NULL", name="renewal_names_its_period"),
        CheckConstraint("unused >= 0", name="unused_is_not_negative"),
        CheckConstraint(
            "kind <> 'change' OR (period_end IS NOT NULL AND replaces_price_id IS NOT NULL)",
            name="change_names_its_period",
        ),
        Index(
            "uq_orders_renewal_period",
            "subscription_id",
            "period_start",
            unique=True,
            postgresql_where=text("kind = 'renewal' AND status <> 'canceled'"),
        ),
        Index("ix_orders_open_subscription", "subscription_id", postgresql_where=text("status = 'open'")),
    )

    subscription_id: Mapped[UUID] = mapped_column(
        ForeignKey("subscriptions.id", ondelete="RESTRICT"), index=True
    )
    placed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    """Of an order that the engine placed: who gets the company's letters about it."""
    status: Mapped[OrderStatus] = mapped_column(default=OrderStatus.OPEN)
    kind: Mapped[OrderKind] = mapped_column(default=OrderKind.PURCHASE)
    plan_code: Mapped[str] = mapped_column(ForeignKey("plans.code", ondelete="RESTRICT"))
    plan_name: Mapped[str]
    price_id: Mapped[UUID] = mapped_column(ForeignKey("plan_prices.id", ondelete="RESTRICT"))
    interval: Mapped[Interval]
    currency: Mapped[str]
    gross: Mapped[int] = mapped_column(Kurus)
    net: Mapped[int] = mapped_column(Kurus)
    vat: Mapped[int] = mapped_column(Kurus)
    vat_basis_points: Mapped[int]
    credit: Mapped[int] = mapped_column(Kurus, default=0)
    """How much of the gross the company's credit pays; taken from it when the order is paid."""
    unused: Mapped[int] = mapped_column(Kurus, default=0)
    """Of a change that begins a new period: what is left of the old one; paying this makes it credit."""
    replaces_price_id: Mapped[UUID | None] = mapped_column(ForeignKey("plan_prices.id", ondelete="RESTRICT"))
    """Of a change: the price that was held when it was asked for."""
    period_start: Mapped[datetime | None]
    period_end: Mapped[datetime | None]
    """The period a renewal or change is for; a purchase's begins when it is paid."""
    explanation: Mapped[list[Any]] = mapped_column(default=list)
    """How the gross came about, one entry per step (`billing.explaining`); frozen like the amounts."""
    paid_at: Mapped[datetime | None]

    @property
    def due(self) -> int:
        """What is to be paid by card, in minor units."""
        return self.gross - self.credit
