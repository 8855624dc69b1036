"""What the commands of the book do, on the resources of one process."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.domain.ledger.proof import open_breaks, prove
from app.domain.ledger.rules import RULES
from app.lib.clock import now
from app.lib.uow import unit_of_work

if TYPE_CHECKING:
    from app.tasks.context import Resources  # which loads every adapter; a check needs none


async def check_ledger(session_maker: async_sessionmaker[AsyncSession]) -> dict[str, Any]:
    """Prove the whole book now, keep the proof, and return it with every rule and what breaks it."""
    at = now()
    async with unit_of_work(session_maker) as session:
        proof = await prove(session, at=at)
        breaks = await open_breaks(session)
        found: dict[str, list[dict[str, Any]]] = {}
        for one in breaks:
            found.setdefault(one.rule, []).append(
                {"subject": one.subject, "company": one.company_id, "since": one.found_at, "rows": one.rows}
            )
        return {
            "at": at,
            "seconds": (proof.finished_at - proof.started_at).total_seconds(),
            "postings": proof.postings,
            "rules": [
                {"rule": rule.key, "says": rule.sentence, "breaks": found.get(rule.key, [])} for rule in RULES
            ],
        }


async def credit_notes(
    resources: "Resources", references: Collection[str], *, issue: bool
) -> list[dict[str, Any]]:
    """Return the refunds that lack their credit note, after issuing it if wished."""
    from app.domain.billing.refunds.missing_notes import issue_missing_notes, missing_notes

    if issue:
        found = await issue_missing_notes(resources.session_maker, resources.settings, references, at=now())
    else:
        async with unit_of_work(resources.session_maker) as session:
            found = await missing_notes(session)
    return [
        {
            "refund": one.reference,
            "invoice": one.invoice_number,
            "amount": one.amount,
            "currency": one.currency,
            "given_back": one.returned_at.isoformat(timespec="seconds"),
        }
        for one in found
        if not references or one.reference in references
    ]
