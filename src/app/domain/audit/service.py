"""Writing the audit trail: beside each change, in the same transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import AuditEntry


def record(
    session: AsyncSession,
    *,
    at: datetime,
    action: str,
    subject: object,
    company_id: UUID | None,
    actor_id: UUID | None = None,
    actor: str = "user",
    facts: dict[str, Any] | None = None,
) -> None:
    """Add one entry; the address and the request id come from the running request or job."""
    session.add(
        AuditEntry(
            **entry_values(
                at=at,
                action=action,
                subject=subject,
                company_id=company_id,
                actor_id=actor_id,
                actor=actor,
                facts=facts,
            )
        )
    )


def entry_values(
    *,
    at: datetime,
    action: str,
    subject: object,
    company_id: UUID | None,
    actor_id: UUID | None = None,
    actor: str = "user",
    facts: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the columns of one entry, for callers that write several rows in one statement."""
    running = structlog.contextvars.get_contextvars()
    return {
        "at": at,
        "company_id": company_id,
        "actor_id": actor_id,
        "actor": actor,
        "action": action,
        "subject": str(subject),
        "facts": facts or {},
        "address": running.get("client_address"),
        "request_id": running.get("request_id"),
    }
