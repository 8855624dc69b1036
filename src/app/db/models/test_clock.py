"""A company's own clock, in development and test: it stands still until somebody moves it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Identified


class ClockStatus(StrEnum):
    """What a clock is doing."""

    READY = "ready"
    ADVANCING = "advancing"
    FAILED = "failed"
    """The engine failed on something at the instant the clock stands at, and it goes no further."""


class TestClock(Identified, Base):
    """The time one company lives in, where it is not the real one."""

    __test__ = False  # the name begins as pytest's classes do
    __tablename__ = "test_clocks"
    __table_args__ = (
        CheckConstraint("status IN ('ready', 'advancing', 'failed')", name="status_is_known"),
        CheckConstraint("(status = 'ready') = (advancing_to IS NULL)", name="an_advance_has_a_target"),
        CheckConstraint("advancing_to >= at AND at >= began_at", name="time_goes_forward"),
    )

    company_id: Mapped[UUID] = mapped_column(
        ForeignKey("companies.id", ondelete="RESTRICT"), index=True, unique=True
    )
    at: Mapped[datetime]
    """Where the clock stands: everything due until then is done, or is being done."""
    status: Mapped[ClockStatus] = mapped_column(default=ClockStatus.READY)
    began_at: Mapped[datetime]
    """Where it stood before its latest advance."""
    advancing_to: Mapped[datetime | None]
    moved_at: Mapped[datetime]
    """The real instant at which it moved last."""
    lease_until: Mapped[datetime | None]
    """Until when, in real time, a worker holds the clock."""
    error: Mapped[str | None]

    @property
    def share_done(self) -> float:
        """How much of the running advance is done, from 0 to 1."""
        if self.advancing_to is None:
            return 1.0
        return (self.at - self.began_at) / (self.advancing_to - self.began_at)
