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

    CREATED = "created"
    """Committed; PayTR has not heard of it."""
    SENT = "sent"
    """The request is leaving or has left, and no answer is recorded yet."""
    UNKNOWN = "unknown"
    """No readable answer came: the money may have moved. Only a callback or the status query resolves it."""
    WAITING = "waiting"
    """PayTR knows it and its callback decides: the buyer is on its page, or the bank is being asked."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"
    """PayTR was asked after the time limit and knows no success. Late money still settles it."""
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"


class PaymentChannel(StrEnum):
    """How the card meets the charge."""

    FRAME = "frame"
    """PayTR's page in our checkout."""
    DIRECT = "direct"
    """The buyer's browser posts the card to PayTR (Direct API, 3-D Secure)."""
    STORED_CARD = "stored_card"
    """We charge a stored card without the buyer (recurring)."""


P = PaymentStatus
UNDECIDED = frozenset({P.CREATED, P.SENT, P.UNKNOWN, P.WAITING})
"""Attempts that may still take money: while an order has one of a stored card, no other charge leaves."""
MONEY_TAKEN = frozenset({P.SUCCEEDED, P.PARTLY_REFUNDED, P.REFUNDED})
PAYMENT_TRANSITIONS = Transitions[PaymentStatus](
    {
        P.CREATED: {P.SENT, P.WAITING, P.UNKNOWN, P.SUCCEEDED, P.FAILED, P.EXPIRED},
        P.SENT: {P.WAITING, P.UNKNOWN, P.SUCCEEDED, P.FAILED, P.EXPIRED},
        P.UNKNOWN: {P.WAITING, P.SUCCEEDED, P.FAILED, P.EXPIRED},
        P.WAITING: {P.UNKNOWN, P.SUCCEEDED, P.FAILED, P.EXPIRED},
        # a card declined once may be tried again in the same frame (paytr.md §5)
        P.FAILED: {P.SUCCEEDED},
        P.EXPIRED: {P.SUCCEEDED, P.FAILED},
        P.SUCCEEDED: {P.PARTLY_REFUNDED, P.REFUNDED},
        P.PARTLY_REFUNDED: {P.REFUNDED},
    }
)


class Payment(Identified, CompanyOwned, Base):
    """One attempt; written before PayTR hears of it, so that no callback is ever unknown."""

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint(
            "status IN ('created', 'sent', 'unknown', 'waiting', 'succeeded', 'failed', 'expired', "
            "'partly_refunded', 'refunded')",
            name="status_is_known",
        ),
        CheckConstraint("channel IN ('frame', 'direct', 'stored_card')", name="channel_is_known"),
        CheckConstraint("(channel = 'stored_card') <= (card_id IS NOT NULL)", name="stored_card_is_named"),
        CheckConstraint(
            "refund_reserved >= 0 AND refund_reserved <= coalesce(collected, 0)",
            name="refunds_stay_within_what_was_collected",
        ),
        CheckConstraint("refunded >= 0 AND refunded <= refund_reserved", name="refunded_was_reserved_before"),
        CheckConstraint("amount >= 0", name="amount_is_not_negative"),
        CheckConstraint("merchant_oid ~ '^[A-Za-z0-9]{1,64}$'", name="oid_is_alphanumeric"),
        CheckConstraint(
            "(status IN ('succeeded', 'partly_refunded', 'refunded')) = (succeeded_at IS NOT NULL)",
            name="success_has_an_instant",
        ),
        Index(
            "uq_payments_succeeded_order",
            "order_id",
            unique=True,
            postgresql_where=text(
                "status IN ('succeeded', 'partly_refunded', 'refunded') AND NOT is_surplus"
            ),
        ),
        Index(
            "uq_payments_undecided_charge",
            "order_id",
            unique=True,
            postgresql_where=text(
                "channel = 'stored_card' AND status IN ('created', 'sent', 'unknown', 'waiting')"
            ),
        ),
        Index(
            "ix_payments_due_inquiry", "next_inquiry_at", postgresql_where=text("next_inquiry_at IS NOT NULL")
        ),
        Index("ix_payments_failed_at", "failed_at", postgresql_using="brin"),
        Index(
            "ix_payments_undecided",
            "id",
            postgresql_where=text("status IN ('created', 'sent', 'unknown', 'waiting')"),
        ),
        Index("ix_payments_succeeded_at", "succeeded_at", postgresql_where=text("succeeded_at IS NOT NULL")),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"), index=True)
    merchant_oid: Mapped[str] = mapped_column(unique=True)
    status: Mapped[PaymentStatus] = mapped_column(default=PaymentStatus.CREATED)
    channel: Mapped[PaymentChannel] = mapped_column(default=PaymentChannel.FRAME)
    card_id: Mapped[UUID | None] = mapped_column(ForeignKey("stored_cards.id", ondelete="RESTRICT"))
    """The card that is charged, or that a Direct payment has stored."""
    amount: Mapped[int] = mapped_column(Kurus)
    currency: Mapped[str]
    collected: Mapped[int | None] = mapped_column(Kurus)
    """What PayTR took from the card; above `amount` when the buyer pays by instalments."""
    is_surplus: Mapped[bool] = mapped_column(default=False)
    """Money that bought nothing: the order was paid already, or the amount differed. A case is open."""
    refund_reserved: Mapped[int] = mapped_column(Kurus, default=0)
    """What refunds have taken or may still take; raised under the row's lock before a refund leaves."""
    refunded: Mapped[int] = mapped_column(Kurus, default=0)
    """What PayTR has confirmed as given back."""
    failure_code: Mapped[str | None]
    failure_message: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    succeeded_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    next_inquiry_at: Mapped[datetime | None]
    """Due column of the status query: the sweeper and the check after a callback."""
    inquiries: Mapped[int] = mapped_column(default=0)

    order: Mapped[Order] = relationship(lazy="raise")

    @property
    def is_undecided(self) -> bool:
        """Say whether this attempt may still take money."""
        return self.status in UNDECIDED

    @property
    def refunding(self) -> int:
        """What is to go back and is not confirmed yet."""
        return self.refund_reserved - self.refunded
