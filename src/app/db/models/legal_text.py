"""The exact words somebody was shown and accepted, kept by their hash for as long as that may be asked."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base


class LegalText(Base):
    """One rendered text of one version in one language; never changed and never deleted."""

    __tablename__ = "legal_texts"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    document: Mapped[str]
    version: Mapped[str]
    language: Mapped[str]
    html: Mapped[str]
    company_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("companies.id", ondelete="RESTRICT"), index=True
    )
    """Whose order it is filled with; empty for what everybody is shown."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
