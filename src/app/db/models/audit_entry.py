"""Who did what to which thing, when and from where. Append only, kept so by a trigger."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Identified


class AuditEntry(Identified, Base):
    """One fact about one action."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_company_id_at", "company_id", "at"),
        Index("ix_audit_entries_at", "at", postgresql_using="brin"),
    )

    at: Mapped[datetime]
    company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id", ondelete="RESTRICT"))
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    """Empty when the actor is PayTR or a scheduled job."""
    actor: Mapped[str]
    """`user`, `paytr`, `system` or `operator`."""
    action: Mapped[str]
    """What happened, as `thing.verb`: `subscription.activated`."""
    subject: Mapped[str]
    """The id of the thing."""
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    address: Mapped[str | None]
    request_id: Mapped[str | None]
