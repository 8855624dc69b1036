"""A payment: one attempt at PayTR under one `merchant_oid`."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base import Base, CompanyOwned, Identified, Kurus
from app.db.models.order import Order
from app.lib.state import Transitions


class PaymentStatus(StrEnum):
    """What is known of an attempt."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"
    REFUNDED = "refunded"


P = PaymentStatus
PAYMENT_TRANSITIONS = Transitions[PaymentStatus](
    {
        P.PENDING: {P.SUCCEEDED, P.FAILED, P.EXPIRED},
        # a card declined once may be tried again in the same frame (paytr.md §5)
        P.FAILED: {P.SUCCEEDED},
        P.EXPIRED: {P.SUCCEEDED, P.FAILED},
        P.SUCCEEDED: {P.REFUNDED},
    }
)


class Payment(Identified, CompanyOwned, Base):
    """One attempt; written before PayTR hears of it, so that no callback is ever unknown."""

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending', 'succeeded', 'failed', 'expired', 'refunded')", name="status_is_known"
        ),
        CheckConstraint("amount >= 0", name="amount_is_not_negative"),
        CheckConstraint("merchant_oid ~ '^[A-Za-z0-9]{1,64}$'", name="oid_is_alphanumeric"),
        CheckConstraint(
            "(status IN ('succeeded', 'refunded')) = (succeeded_at IS NOT NULL)",
            name="success_has_an_instant",
        ),
        Index(
            "uq_payments_succeeded_order",
            "order_id",
            unique=True,
            postgresql_where=text("status = 'succeeded' AND NOT is_surplus"),
        ),
        Index(
            "ix_payments_due_inquiry", "next_inquiry_at", postgresql_where=text("next_inquiry_at IS NOT NULL")
        ),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"), index=True)
    merchant_oid: Mapped[str] = mapped_column(unique=True)
    status: Mapped[PaymentStatus] = mapped_column(default=PaymentStatus.PENDING)
    amount: Mapped[int] = mapped_column(Kurus)
    currency: Mapped[str]
    collected: Mapped[int | None] = mapped_column(Kurus)
    """What PayTR took from the card; above `amount` when the buyer pays by instalments."""
    is_surplus: Mapped[bool] = mapped_column(default=False)
    """Money that bought nothing: the order was paid already, or the amount differed. A case is open."""
    failure_code: Mapped[str | None]
    failure_message: Mapped[str | None]
    succeeded_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    next_inquiry_at: Mapped[datetime | None]
    """Due column of the status query: the sweeper and the check after a callback."""
    inquiries: Mapped[int] = mapped_column(default=0)

    order: Mapped[Order] = relationship(lazy="raise")
