"""What is sold. Limits live here alone; unlimited is null, never a number."""

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base


class Plan(Base):
    """A plan and what it allows."""

    __tablename__ = "plans"
    __table_args__ = (
        CheckConstraint("workspace_limit IS NULL OR workspace_limit > 0", name="limit_is_positive"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    rank: Mapped[int] = mapped_column(unique=True)
    """Order from small to large: decides what is an upgrade."""
    workspace_limit: Mapped[int | None]
    disk_gb: Mapped[int]
    memory_mb: Mapped[int]
    cpu_count: Mapped[int]
    idle_stop_minutes: Mapped[int | None]
