"""The ledger of reminders: each is written down once, so that late runs catch up and none comes twice."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, CompanyOwned, Identified

RENEWAL_NOTICE_DAYS = 7
"""How long before a renewal its company is told, as the contracts promise."""


class ReminderKind(StrEnum):
    """What a company is told of before it happens."""

    TRIAL_ENDS = "trial_ends"
    RENEWAL = "renewal"
    SUSPENSION = "suspension"
    CANCELLATION = "cancellation"
    DELETION = "deletion"


class Reminder(Identified, CompanyOwned, Base):
    """One reminder of one kind that was due at one instant."""

    __tablename__ = "reminders"
    __table_args__ = (UniqueConstraint("subscription_id", "kind", "due_at"),)

    subscription_id: Mapped[UUID] = mapped_column(ForeignKey("subscriptions.id", ondelete="RESTRICT"))
    kind: Mapped[ReminderKind]
    due_at: Mapped[datetime]
    noted_at: Mapped[datetime]
    sent: Mapped[bool]
    """False when the occasion had passed before a late run came; it is not sent any more."""
