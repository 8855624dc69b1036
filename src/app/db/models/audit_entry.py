"""Who did what to which thing, when and from where. Append only, kept so by a trigger."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Identified


class AuditEntry(Identified, Base):
    """One fact about one action."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_company_id_at", "company_id", "at"),
        # who has acted in a company has a name there (`app.db.isolation`)
        Index(
            "ix_audit_entries_actor_id_company_id",
            "actor_id",
            "company_id",
            postgresql_where=text("actor_id IS NOT NULL"),
        ),
        # one for each filter of the operators' page, ending in the order that it pages in
        Index("ix_audit_entries_at_id", "at", "id"),
        Index("ix_audit_entries_action_at_id", "action", "at", "id"),
        Index("ix_audit_entries_subject", "subject"),
        Index("ix_audit_entries_request_id", "request_id", postgresql_where=text("request_id IS NOT NULL")),
        Index("ix_audit_entries_actor_at_id", "actor", "at", "id"),
        Index(
            "ix_audit_entries_support_access_id",
            "support_access_id",
            postgresql_where=text("support_access_id IS NOT NULL"),
        ),
        CheckConstraint("support_access_id IS NULL OR actor = 'operator'", name="support_is_an_operators"),
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
    before: Mapped[dict[str, Any] | None]
    """What the changed fields held, and those alone; what `audit.redaction` names is never among them."""
    after: Mapped[dict[str, Any] | None]
    support_access_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("support_accesses.id", ondelete="RESTRICT")
    )
    """Under which access an operator did it in the company's place."""
    address: Mapped[str | None]
    request_id: Mapped[str | None]
