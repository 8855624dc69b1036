"""Opening cases: what the engine may not settle alone is laid before a person, and closed by what happens.

Deciding one is the operator's work and lives in `app.domain.ops`.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import CaseKind, OperatorCase
from app.lib.ids import uuid7
from app.lib.statements import Statement, fetch

SETTLE = Statement("""
UPDATE operator_cases SET decision = :decision, note = :note, closed_at = :at
 WHERE kind = :kind AND subject = :subject AND closed_at IS NULL
""")


async def open_case(
    session: AsyncSession,
    kind: CaseKind,
    subject: str,
    *,
    company_id: UUID | None,
    facts: Mapping[str, object],
    at: datetime,
) -> None:
    """Open a case once per kind and subject; one that exists, open or decided, stays as it is.

    `facts` must be JSON values; amounts are in minor units.
    """
    statement = insert(OperatorCase).values(
        id=uuid7(), kind=kind, subject=subject, company_id=company_id, facts=dict(facts), opened_at=at
    )
    await session.execute(statement.on_conflict_do_nothing(index_elements=["kind", "subject"]))


async def settle_case(
    session: AsyncSession, kind: CaseKind, subject: str, *, decision: str, note: str, at: datetime
) -> None:
    """Close an open case that events have settled without an operator; none, or a decided one, is fine.

    Whoever locks the payment as well locks it first: operators do so too (`app.domain.ops.case_decisions`).
    """
    parameters = {"kind": kind.value, "subject": subject, "decision": decision, "note": note, "at": at}
    await fetch(session, SETTLE, parameters)
