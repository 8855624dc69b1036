"""What becomes of the workspaces of somebody who belongs to a company no more."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, CompanyOwned, Identified


class WorkspacesTo(StrEnum):
    """What was chosen for the workspaces."""

    MEMBER = "member"
    DELETION = "deletion"


class MemberRemoval(Identified, CompanyOwned, Base):
    """The membership ended with this row; its workspaces follow, and are pinned to it until they have."""

    __tablename__ = "member_removals"
    __table_args__ = (
        Index(
            "ix_member_removals_due", "next_attempt_at", postgresql_where=text("next_attempt_at IS NOT NULL")
        ),
        CheckConstraint("workspaces_to IN ('member', 'deletion')", name="choice_is_known"),
        CheckConstraint("(workspaces_to = 'member') = (heir_id IS NOT NULL)", name="members_are_named"),
        CheckConstraint("(done_at IS NULL) = (next_attempt_at IS NOT NULL)", name="done_or_due"),
        CheckConstraint("heir_id <> user_id", name="goes_to_somebody_else"),
        CheckConstraint("workspace_count >= 0 AND attempts >= 0", name="counts_are_not_negative"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), index=True)
    """Who belonged to the company."""
    asked_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    """Who ended it; the person themself when they left."""
    asked_at: Mapped[datetime]
    workspaces_to: Mapped[WorkspacesTo]
    heir_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    workspace_count: Mapped[int]
    """How many workspaces the person held."""
    attempts: Mapped[int] = mapped_column(default=0)
    """How often something of it had failed and was asked for again."""
    next_attempt_at: Mapped[datetime | None]
    """Due column, in real time: when somebody looks again whether the workspaces have followed."""
    done_at: Mapped[datetime | None]

    def is_due(self, at: datetime) -> bool:
        """Say whether the workspaces are to be looked at."""
        return self.next_attempt_at is not None and self.next_attempt_at <= at

    def look_again(self, at: datetime) -> None:
        """Note when to look next."""
        self.next_attempt_at = at

    def finish(self, at: datetime) -> None:
        """Note that every workspace has followed."""
        self.done_at, self.next_attempt_at = at, None
