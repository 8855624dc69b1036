"""What has happened to one company since an instant: money, documents, letters, and what it may do."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.lib.i18n import N_

SHOWN = 200


class HappeningKind(StrEnum):
    """What kind of thing happened."""

    CHARGE = "charge"
    REFUSED = "refused"
    REFUND = "refund"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    LETTER = "letter"
    CHANGE = "change"


CHANGES = {
    "subscription.activated": N_("A period begins"),
    "subscription.renewal_due": N_("A renewal is due"),
    "subscription.suspended": N_("Suspended"),
    "subscription.canceled": N_("Canceled"),
    "trial.ended": N_("The trial has ended"),
    "files.deletion_requested": N_("The files are being deleted"),
    "files.deleted": N_("The files are deleted"),
}
"""Entries of the audit trail that change what a company has, in words."""
HAPPENED = text("""
SELECT at, kind, what, detail, amount, currency FROM (
    SELECT p.succeeded_at AS at, 'charge' AS kind, o.plan_name AS what, p.merchant_oid AS detail,
           p.collected AS amount, p.currency
      FROM payments p JOIN orders o ON o.id = p.order_id
     WHERE p.company_id = :company_id AND p.succeeded_at > :since
    UNION ALL
    SELECT p.failed_at, 'refused', coalesce(p.failure_code, ''), p.merchant_oid, p.amount, p.currency
      FROM payments p
     WHERE p.company_id = :company_id AND p.failed_at > :since
    UNION ALL
    SELECT r.succeeded_at, 'refund', r.reason, r.reference, r.returned, r.currency
      FROM refunds r
     WHERE r.company_id = :company_id AND r.succeeded_at > :since
    UNION ALL
    SELECT i.issued_at, i.kind, i.number, '', i.total, i.currency
      FROM invoices i
     WHERE i.company_id = :company_id AND i.issued_at > :since
    UNION ALL
    SELECT m.sent_at, 'letter', m.template, m.recipient, NULL, NULL
      FROM email_messages m
     WHERE m.company_id = :company_id AND m.sent_at > :since
    UNION ALL
    SELECT a.at, 'change', a.action, '', NULL, NULL
      FROM audit_entries a
     WHERE a.company_id = :company_id AND a.at > :since AND a.action = ANY(:actions)
) AS happened
ORDER BY at DESC, kind, what
""")


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened; money in minor units, where it is about money."""

    at: datetime
    kind: HappeningKind
    what: str
    detail: str
    amount: int | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Happenings:
    """The latest of what happened, newest first, and how much there was of each kind."""

    latest: Sequence[Happening]
    counts: dict[HappeningKind, int]


async def happenings_of(session: AsyncSession, company_id: UUID, since: datetime) -> Happenings:
    """Return what has happened to a company after `since`. One query."""
    facts = {"company_id": company_id, "since": since, "actions": list(CHANGES)}
    rows = (await session.execute(HAPPENED, facts)).all()
    counts = Counter(HappeningKind(row.kind) for row in rows)
    latest = [
        Happening(
            row.at,
            HappeningKind(row.kind),
            CHANGES.get(row.what, row.what),
            row.detail,
            row.amount,
            row.currency,
        )
        for row in rows[:SHOWN]
    ]
    return Happenings(latest, {kind: counts[kind] for kind in HappeningKind if counts[kind]})
