"""A refund: money on its way back through PayTR, under a reference of its own."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base import Base, CompanyOwned, Identified, Kurus
from app.db.models.payment import Payment
from app.lib.state import Transitions


class RefundStatus(StrEnum):
    """What is known of a refund."""

    CREATED = "created"
    SENT = "sent"
    UNKNOWN = "unknown"
    """No readable answer came; PayTR is asked for the reference before anything is sent again."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"


R = RefundStatus
REFUND_TRANSITIONS = Transitions[RefundStatus](
    {
        R.CREATED: {R.SENT, R.FAILED},
        R.SENT: {R.CREATED, R.UNKNOWN, R.SUCCEEDED, R.FAILED},
        R.UNKNOWN: {R.CREATED, R.SUCCEEDED, R.FAILED},
    }
)


class Refund(Identified, CompanyOwned, Base):
    """One refund of a part or the whole of one payment; its amount is reserved on the payment first."""

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_is_positive"),
        CheckConstraint(
            "status IN ('created', 'sent', 'unknown', 'succeeded', 'failed')", name="status_is_known"
        ),
        CheckConstraint("reference ~ '^[A-Za-z0-9]{1,64}$'", name="reference_is_alphanumeric"),
        CheckConstraint("(status = 'succeeded') = (succeeded_at IS NOT NULL)", name="success_has_an_instant"),
        Index("ix_refunds_due", "next_attempt_at", postgresql_where=text("next_attempt_at IS NOT NULL")),
    )

    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id", ondelete="RESTRICT"), index=True)
    reference: Mapped[str] = mapped_column(unique=True)
    """PayTR's `reference_no`: the handle by which the status query names it."""
    status: Mapped[RefundStatus] = mapped_column(default=RefundStatus.CREATED)
    amount: Mapped[int] = mapped_column(Kurus)
    currency: Mapped[str]
    reason: Mapped[str]
    """Why, in words for the record."""
    requested_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    """The operator or customer who asked; nobody when the engine gave a double payment back."""
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    """Due column: the sweeper sends, or asks about, what is due."""
    sent_at: Mapped[datetime | None]
    succeeded_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]

    payment: Mapped[Payment] = relationship(lazy="raise")
