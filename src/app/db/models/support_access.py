"""An operator's look at a company from its owner's place: for a while, for a reason, told to the company."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base import Base, CompanyOwned, Identified
from app.db.models.company import Company
from app.db.models.user import User

LONGEST_ACCESS: Final = timedelta(minutes=60)
RAISED_FOR: Final = timedelta(minutes=10)
"""How long changes are allowed after they were asked for, once in an access."""


class SupportAccess(Identified, CompanyOwned, Base):
    """One access. It ends by itself at `ends_at`; `ended_at` says when it did, and is written down after."""

    __tablename__ = "support_accesses"
    __table_args__ = (
        Index(
            "uq_support_accesses_running",
            "operator_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_support_accesses_ends_at", "ends_at", postgresql_where=text("ended_at IS NULL")),
        CheckConstraint(
            "ends_at > began_at AND ends_at <= began_at + interval '60 minutes'", name="time_is_boxed"
        ),
        CheckConstraint("ended_at BETWEEN began_at AND ends_at", name="ended_in_its_time"),
        CheckConstraint("raised_at BETWEEN began_at AND ends_at", name="raised_in_its_time"),
        CheckConstraint("(raised_at IS NULL) = (raise_reason IS NULL)", name="raised_for_a_reason"),
        CheckConstraint("btrim(reason) <> '' AND btrim(raise_reason) <> ''", name="reasons_say_something"),
    )

    operator_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    reason: Mapped[str]
    began_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    raised_at: Mapped[datetime | None]
    raise_reason: Mapped[str | None]
    operator: Mapped[User] = relationship(lazy="raise")
    company: Mapped[Company] = relationship(lazy="raise")

    def runs(self, at: datetime) -> bool:
        """Say whether the operator may still look."""
        return self.ended_at is None and at < self.ends_at

    @property
    def raised_until(self) -> datetime | None:
        """When changes are over that were allowed; nothing when none were."""
        return min(self.raised_at + RAISED_FOR, self.ends_at) if self.raised_at else None

    def may_change(self, at: datetime) -> bool:
        """Say whether the operator may change something now."""
        until = self.raised_until
        return self.runs(at) and until is not None and at < until
