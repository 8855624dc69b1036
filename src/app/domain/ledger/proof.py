"""The proof: every rule over the whole book in one statement, and what did not hold, until it holds again.

One statement sees one instant of the database, so a settlement that commits meanwhile is seen whole or not
at all. A break names its subject and its rows; it stops only the company it is about.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import LedgerBreak, LedgerProof
from app.db.models.subscription import RENEWAL_GRACE
from app.domain.ledger.rules import PARKING, RULES
from app.domain.ledger.rules.accounts import SHARED
from app.lib.errors import DomainError
from app.lib.i18n import N_
from app.lib.ids import uuid7
from app.lib.locks import advisory_lock
from app.lib.statements import Statement, fetch

FINDINGS_A_RULE = 1000
"""How many contradictions of one rule are looked at; of more the whole book is in doubt, not a company."""
ROWS_A_BREAK = 20
PARKS = (
    select(LedgerBreak.id)
    .where(
        LedgerBreak.company_id == bindparam("company_id"),
        LedgerBreak.mended_at.is_(None),
        LedgerBreak.rule.in_(PARKING),
    )
    .limit(1)
)
UNDECIDED_AT_MOST = timedelta(hours=26)
"""How long an attempt may be undecided: PayTR is asked for a day (`billing.verification.rules.LADDER`)."""

EACH = """
(SELECT CAST('{key}' AS text) AS rule, subject, company_id, CAST(facts AS text) AS facts
   FROM ({sql}) AS found ORDER BY subject LIMIT {limit})
"""
SIZE = "SELECT NULL, CAST(count(*) AS text), NULL, NULL FROM postings"
PARTS = [EACH.format(key=rule.key, sql=rule.sql, limit=FINDINGS_A_RULE) for rule in RULES]
PREPARE = Statement("""
SELECT set_config('work_mem', '64MB', TRUE), set_config('jit', 'off', TRUE),
       set_config('enable_nestloop', 'off', TRUE), set_config('max_parallel_workers_per_gather', '0', TRUE)
""")
"""For this transaction alone: every table is read whole and joined in memory. The planner, which sees a limit
and knows nothing of the rows in between, would look them up one by one. One process does it: several would
each add up the same documents, and the other processors belong to those who pay meanwhile."""
FIND = Statement(f"WITH {SHARED} {' UNION ALL '.join((*PARTS, SIZE))}")


@dataclass(frozen=True, slots=True)
class Finding:
    """One subject for which a rule does not hold, with the rows that show it."""

    rule: str
    subject: str
    company_id: UUID | None
    rows: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything one look at the book has found."""

    postings: int
    found: list[Finding]
    cut_off: frozenset[str]
    """Rules of which there is more than was looked at."""


class Parked(DomainError):
    """This company is not charged by itself while a rule is broken for it."""


async def prove(session: AsyncSession, *, at: datetime) -> LedgerProof:
    """Prove the book and keep what was found; the caller commits, and no other proof runs meanwhile."""
    await advisory_lock(session, "ledger", "proof")
    began = perf_counter()
    findings = await find_breaks(session, at=at)
    await _keep(session, findings, at=at)
    proof = LedgerProof(
        started_at=at,
        finished_at=at + timedelta(seconds=perf_counter() - began),
        postings=findings.postings,
        rules=len(RULES),
    )
    session.add(proof)
    await session.flush()
    return proof


async def find_breaks(session: AsyncSession, *, at: datetime) -> Findings:
    """Return what contradicts the rules at this instant; changes nothing."""
    await session.flush()
    grouped: dict[tuple[str, str], Finding] = {}
    counts: dict[str, int] = defaultdict(int)
    postings = 0
    await fetch(session, PREPARE, {})
    for row in await fetch(session, FIND, parameters_of(at)):
        if row.rule is None:
            postings = int(row.subject)
            continue
        counts[row.rule] += 1
        finding = grouped.setdefault(
            (row.rule, row.subject), Finding(row.rule, row.subject, row.company_id, [])
        )
        if len(finding.rows) < ROWS_A_BREAK:
            finding.rows.append(msgspec.json.decode(row.facts))
    cut_off = frozenset(rule for rule, count in counts.items() if count == FINDINGS_A_RULE)
    return Findings(postings, list(grouped.values()), cut_off)


def parameters_of(at: datetime) -> dict[str, datetime]:
    """Return the instants that the rules speak of."""
    return {
        "at": at,
        "undecided_since": at - UNDECIDED_AT_MOST,
        "paid_since": at - RENEWAL_GRACE,
    }


async def open_breaks(session: AsyncSession) -> list[LedgerBreak]:
    """Return what does not hold, as of the last proof, oldest first."""
    statement = select(LedgerBreak).where(LedgerBreak.mended_at.is_(None))
    return list(await session.scalars(statement.order_by(LedgerBreak.found_at, LedgerBreak.id)))


async def is_parked(session: AsyncSession, company_id: UUID) -> bool:
    """Say whether a rule about this company's money is broken, so that nothing is charged by itself."""
    return await session.scalar(PARKS, {"company_id": company_id}) is not None


async def refuse_parked(session: AsyncSession, company_id: UUID) -> None:
    """Raise `Parked` while the company's books do not agree."""
    if await is_parked(session, company_id):
        raise Parked(
            N_("Automatic charges are paused until the books agree again. An operator has been told.")
        )


async def _keep(session: AsyncSession, findings: Findings, *, at: datetime) -> None:
    """Open the breaks that are new, refresh those that stay, and close those that are mended."""
    known = {(one.rule, one.subject): one for one in await open_breaks(session)}
    for finding in findings.found:
        known_break = known.pop((finding.rule, finding.subject), None)
        if known_break is None:
            session.add(
                LedgerBreak(
                    id=uuid7(),
                    rule=finding.rule,
                    subject=finding.subject,
                    company_id=finding.company_id,
                    rows=finding.rows,
                    found_at=at,
                )
            )
        elif known_break.rows != finding.rows:
            known_break.rows = finding.rows
    for gone in known.values():
        if gone.rule not in findings.cut_off:
            gone.mended_at = at
