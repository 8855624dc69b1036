"""The outbox: one row per mail to send, unique per occasion."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Identified


class EmailMessage(Identified, Base):
    """A mail: what to say, to whom, and whether it went."""

    __tablename__ = "email_messages"
    __table_args__ = (
        Index(
            "ix_email_messages_due", "next_attempt_at", postgresql_where=text("next_attempt_at IS NOT NULL")
        ),
        Index("ix_email_messages_sent_at", "sent_at", postgresql_using="brin"),
        CheckConstraint("sent_at IS NULL OR next_attempt_at IS NULL", name="sent_is_not_due"),
    )

    dedupe_key: Mapped[str] = mapped_column(unique=True)
    """The occasion, for example `invoice:<id>`: one mail each, whatever runs twice."""
    company_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("companies.id", ondelete="RESTRICT"), index=True
    )
    template: Mapped[str]
    recipient: Mapped[str]
    language: Mapped[str]
    context: Mapped[dict[str, Any]]
    invoice_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoices.id", ondelete="RESTRICT"))
    """The invoice to attach."""
    next_attempt_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
