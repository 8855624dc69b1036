"""Writing the audit trail: beside each change, in the same transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import AuditEntry
from app.domain.audit.changes import Changes

_support_access: ContextVar[UUID | None] = ContextVar("support_access", default=None)


@contextmanager
def acting_under(access_id: UUID | None) -> Iterator[None]:
    """Let what is recorded inside say that an operator did it in the company's place, under this access."""
    token = _support_access.set(access_id)
    try:
        yield
    finally:
        _support_access.reset(token)


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
    changes: Changes | None = None,
    support_access_id: UUID | None = None,
) -> None:
    """Add one entry; the address and the request id come from the running request or job.

    `changes` is what a change has changed (`changes_of`, `difference`). While an operator acts in a company's
    place, what would be a person's deed is the operator's, under the access that allows it.
    """
    values = entry_values(
        at=at,
        action=action,
        subject=subject,
        company_id=company_id,
        actor_id=actor_id,
        actor=actor,
        facts=facts,
    )
    if changes:
        values |= {"before": changes.before, "after": changes.after}
    if support_access_id:
        values["support_access_id"] = support_access_id
    session.add(AuditEntry(**values))


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
    access_id = _support_access.get() if actor == "user" else None
    return {
        "at": at,
        "company_id": company_id,
        "actor_id": actor_id,
        "actor": "operator" if access_id else actor,
        "support_access_id": access_id,
        "action": action,
        "subject": str(subject),
        "facts": facts or {},
        "address": running.get("client_address"),
        "request_id": running.get("request_id"),
    }
