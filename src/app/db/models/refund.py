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
        # succeeded without a request: PayTR lists one that it had refused
        R.CREATED: {R.SENT, R.SUCCEEDED, R.FAILED},
        R.SENT: {R.CREATED, R.UNKNOWN, R.SUCCEEDED, R.FAILED},
        # sent again under its reference, once PayTR was asked often enough (billing.refunds.rules)
        R.UNKNOWN: {R.SENT, R.CREATED, R.SUCCEEDED, R.FAILED},
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
        CheckConstraint("(status = 'succeeded') = (returned IS NOT NULL)", name="success_has_an_amount"),
        CheckConstraint("returned > 0", name="returned_is_positive"),
        CheckConstraint("unanswered >= 0", name="unanswered_is_not_negative"),
        Index("ix_refunds_due", "next_attempt_at", postgresql_where=text("next_attempt_at IS NOT NULL")),
        Index(
            "ix_refunds_under_way", "id", postgresql_where=text("status IN ('created', 'sent', 'unknown')")
        ),
        Index("ix_refunds_succeeded_at", "succeeded_at", postgresql_where=text("succeeded_at IS NOT NULL")),
    )

    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id", ondelete="RESTRICT"), index=True)
    reference: Mapped[str] = mapped_column(unique=True)
    """PayTR's `reference_no`: the handle by which the status query names it."""
    status: Mapped[RefundStatus] = mapped_column(default=RefundStatus.CREATED)
    amount: Mapped[int] = mapped_column(Kurus)
    """What PayTR is asked to give back."""
    returned: Mapped[int | None] = mapped_column(Kurus)
    """What PayTR gave back; above `amount` when an instalment surcharge went along (paytr.md §11)."""
    currency: Mapped[str]
    reason: Mapped[str]
    """Why, in words for the record."""
    requested_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    """The operator or customer who asked; nobody when the engine gave a double payment back."""
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    """Steps taken up the ladder: sendings, and askings after one that stayed unanswered."""
    unanswered: Mapped[int] = mapped_column(default=0)
    """Requests that have left, or were about to, and whose answer nobody has recorded."""
    inquiries: Mapped[int] = mapped_column(default=0)
    """Status queries since the last request that knew the payment but not this refund."""
    next_attempt_at: Mapped[datetime | None]
    """Due column: the sweeper sends, or asks about, what is due."""
    sent_at: Mapped[datetime | None]
    """When the last request left."""
    succeeded_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]

    payment: Mapped[Payment] = relationship(lazy="raise")

    @property
    def is_decided(self) -> bool:
        """Say whether the outcome is known; nothing changes it any more."""
        return self.status in {RefundStatus.SUCCEEDED, RefundStatus.FAILED}

    def leave(self, at: datetime) -> None:
        """Note that a request is about to leave; committed before it does."""
        self.status = REFUND_TRANSITIONS.move(self.status, RefundStatus.SENT)
        self.sent_at, self.inquiries = at, 0
        self.unanswered += 1

    def lose_sight(self) -> None:
        """Note that the last request's answer is not known."""
        self.status = REFUND_TRANSITIONS.move(self.status, RefundStatus.UNKNOWN)

    def succeed(self, returned: int, at: datetime) -> None:
        """Note what PayTR gave back (kuruş)."""
        self.status = REFUND_TRANSITIONS.move(self.status, RefundStatus.SUCCEEDED)
        self.returned, self.succeeded_at, self.next_attempt_at = returned, at, None

    def fail(self, at: datetime) -> None:
        """Note that nothing was given back and nothing will be under this reference."""
        self.status = REFUND_TRANSITIONS.move(self.status, RefundStatus.FAILED)
        self.failed_at, self.next_attempt_at = at, None
