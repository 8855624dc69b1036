"""An invitation into a company: one letter's link, open until it is accepted, withdrawn or too old."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base import Base, CompanyOwned, Identified
from app.db.models.company import Company
from app.db.models.membership import Role
from app.db.models.user import User

INVITATION_GOOD_FOR = timedelta(days=7)
OPEN = "accepted_at IS NULL AND withdrawn_at IS NULL"


class Invitation(Identified, CompanyOwned, Base):
    """An address asked into a company under a role; the ownership is never given this way."""

    __tablename__ = "invitations"
    __table_args__ = (
        Index(
            "uq_invitations_one_open_an_address",
            "company_id",
            text("lower(email)"),
            unique=True,
            postgresql_where=text(OPEN),
        ),
        CheckConstraint("role IN ('admin', 'billing', 'developer')", name="role_can_be_given"),
        CheckConstraint("(accepted_at IS NULL) = (accepted_by_id IS NULL)", name="accepted_by_somebody"),
        CheckConstraint("accepted_at IS NULL OR withdrawn_at IS NULL", name="ends_once"),
        CheckConstraint("expires_at > asked_at", name="expires_later"),
        CheckConstraint("letters > 0", name="was_sent"),
    )

    email: Mapped[str]
    role: Mapped[Role]
    invited_by_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    asked_at: Mapped[datetime]
    """When the last letter was asked for."""
    expires_at: Mapped[datetime]
    letters: Mapped[int] = mapped_column(default=1)
    """How many letters it was sent with."""
    accepted_at: Mapped[datetime | None]
    accepted_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    withdrawn_at: Mapped[datetime | None]

    company: Mapped[Company] = relationship(lazy="raise")
    invited_by: Mapped[User] = relationship(lazy="raise", foreign_keys="Invitation.invited_by_id")

    @property
    def is_ended(self) -> bool:
        """Whether it was accepted or withdrawn."""
        return self.accepted_at is not None or self.withdrawn_at is not None

    def is_open(self, at: datetime) -> bool:
        """Say whether it can still be accepted."""
        return not self.is_ended and at < self.expires_at

    def send_again(self, at: datetime) -> None:
        """Let it live as long as a new one, with one letter more."""
        self.asked_at, self.expires_at = at, at + INVITATION_GOOD_FOR
        self.letters += 1

    def accept(self, user_id: UUID, at: datetime) -> None:
        """Note who accepted it; nothing reopens it."""
        self.accepted_by_id, self.accepted_at = user_id, at

    def withdraw(self, at: datetime) -> None:
        """Note that it opens nothing any more."""
        self.withdrawn_at = at
