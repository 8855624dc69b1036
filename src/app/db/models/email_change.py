"""A person's way from one e-mail address to another: asked for once, confirmed at both ends."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Identified
from app.db.models.user import MAILBOX, User


class EmailChangeOutcome(StrEnum):
    """How a change ended."""

    DONE = "done"
    WITHDRAWN = "withdrawn"
    """By the person, by asking for another one, or by a new password."""
    REFUSED = "refused"
    """At the address of before: it was not the person who asked."""
    TAKEN = "taken"
    """Somebody else had an account with the new address before both had confirmed."""


class EmailChange(Identified, Base):
    """One change that was asked for; after `expires_at` it can only be asked for again."""

    __tablename__ = "email_changes"
    __table_args__ = (
        Index(
            "uq_email_changes_one_open_a_person",
            "user_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_email_changes_user_id", "user_id"),
        Index("ix_email_changes_mailbox_left", "mailbox_left", postgresql_where=text("outcome = 'done'")),
        CheckConstraint("outcome IN ('done', 'withdrawn', 'refused', 'taken')", name="outcome_is_known"),
        CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ended_has_an_outcome"),
        CheckConstraint(
            "outcome IS DISTINCT FROM 'done' OR new_confirmed_at IS NOT NULL", name="done_is_confirmed"
        ),
        CheckConstraint("lower(old_email) <> lower(new_email)", name="addresses_differ"),
        CheckConstraint("expires_at > asked_at", name="expires_later"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    old_email: Mapped[str]
    new_email: Mapped[str]
    mailbox_left: Mapped[str] = mapped_column(Computed(MAILBOX.replace("email", "old_email"), persisted=True))
    """Where the old address leads, however it is spelt: a mailbox that was left has had its trial."""
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    old_confirmed_at: Mapped[datetime | None]
    new_confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[EmailChangeOutcome | None]

    def is_open(self, at: datetime) -> bool:
        """Say whether confirming still helps."""
        return self.ended_at is None and at < self.expires_at

    @property
    def awaits_new(self) -> bool:
        """Say whether the new address has still to confirm."""
        return self.new_confirmed_at is None

    def awaits_old(self, user: User) -> bool:
        """Say whether the address of before has still to confirm; one that never was confirmed has no say."""
        return user.email_verified_at is not None and self.old_confirmed_at is None

    def end(self, outcome: EmailChangeOutcome, at: datetime) -> None:
        """Close it; nothing reopens it."""
        self.outcome, self.ended_at = outcome, at
