"""An order: one intention to pay, with everything it costs frozen on it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
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
    )

    subscription_id: Mapped[UUID] = mapped_column(
        ForeignKey("subscriptions.id", ondelete="RESTRICT"), index=True
    )
    placed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    status: Mapped[OrderStatus] = mapped_column(default=OrderStatus.OPEN)
    plan_code: Mapped[str] = mapped_column(ForeignKey("plans.code", ondelete="RESTRICT"))
    plan_name: Mapped[str]
    price_id: Mapped[UUID] = mapped_column(ForeignKey("plan_prices.id", ondelete="RESTRICT"))
    interval: Mapped[Interval]
    currency: Mapped[str]
    gross: Mapped[int] = mapped_column(Kurus)
    net: Mapped[int] = mapped_column(Kurus)
    vat: Mapped[int] = mapped_column(Kurus)
    vat_basis_points: Mapped[int]
    paid_at: Mapped[datetime | None]
