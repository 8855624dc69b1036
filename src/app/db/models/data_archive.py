"""A copy of everything about a person or a company, made on request and kept for a few days."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Identified


class ArchiveOf(StrEnum):
    """Whose data an archive holds."""

    PERSON = "person"
    COMPANY = "company"


class DataArchive(Identified, Base):
    """One archive: asked for, made by the worker, fetched, removed."""

    __tablename__ = "data_archives"
    __table_args__ = (
        CheckConstraint("kind IN ('person', 'company')", name="kind_is_known"),
        CheckConstraint("(kind = 'company') = (company_id IS NOT NULL)", name="a_companys_names_it"),
        CheckConstraint("(ready_at IS NULL) = (storage_key IS NULL)", name="what_is_ready_lies_somewhere"),
        CheckConstraint("(ready_at IS NULL) = (expires_at IS NULL)", name="what_is_ready_expires"),
        Index(
            "uq_data_archives_under_way",
            "requested_by_id",
            "kind",
            unique=True,
            postgresql_where=text("ready_at IS NULL AND removed_at IS NULL"),
        ),
        Index(
            "ix_data_archives_due", "next_attempt_at", postgresql_where=text("next_attempt_at IS NOT NULL")
        ),
    )

    kind: Mapped[ArchiveOf]
    requested_by_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), index=True)
    """Who asked, and who alone may fetch it."""
    company_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("companies.id", ondelete="RESTRICT"), index=True
    )
    requested_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime | None]
    """When it is made, and once it is ready, when it is removed."""
    ready_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    storage_key: Mapped[str | None]
    size: Mapped[int | None] = mapped_column(BigInteger)
    """Bytes."""
    removed_at: Mapped[datetime | None]

    @property
    def is_under_way(self) -> bool:
        """Say whether it is still being made."""
        return self.ready_at is None and self.removed_at is None
