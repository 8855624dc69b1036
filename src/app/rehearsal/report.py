"""What a rehearsal brought: every charge, letter, document and restriction, and the months they add up to.

Nothing in it is random or depends on who came first within an instant (no id, no reference, no document's
number), so two rehearsals of the same data read the same to the byte.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

EVENTS = text("""
SELECT at, company, kind, what, amount, currency FROM (
    SELECT p.succeeded_at AS at, c.slug AS company, 'charge' AS kind, o.plan_code AS what,
           p.collected AS amount, p.currency
      FROM payments p JOIN companies c ON c.id = p.company_id JOIN orders o ON o.id = p.order_id
     WHERE p.succeeded_at > :start
    UNION ALL
    SELECT p.failed_at, c.slug, 'refused charge', coalesce(p.failure_code, ''), p.amount, p.currency
      FROM payments p JOIN companies c ON c.id = p.company_id
     WHERE p.failed_at > :start AND p.status = 'failed'
    UNION ALL
    SELECT r.succeeded_at, c.slug, 'refund', r.reason, r.returned, r.currency
      FROM refunds r JOIN companies c ON c.id = r.company_id
     WHERE r.succeeded_at > :start
    UNION ALL
    SELECT i.issued_at, c.slug, CASE i.kind WHEN 'invoice' THEN 'invoice' ELSE 'credit note' END,
           o.plan_code, i.total, i.currency
      FROM invoices i JOIN companies c ON c.id = i.company_id JOIN orders o ON o.id = i.order_id
     WHERE i.issued_at > :start
    UNION ALL
    SELECT m.next_attempt_at, c.slug, 'letter', m.template || ' to ' || m.recipient, NULL, NULL
      FROM email_messages m LEFT JOIN companies c ON c.id = m.company_id
     WHERE m.next_attempt_at > :start
    UNION ALL
    SELECT a.at, c.slug, 'access', a.action, NULL, NULL
      FROM audit_entries a JOIN companies c ON c.id = a.company_id
     WHERE a.at > :start AND a.action LIKE 'subscription.%'
) AS events
ORDER BY at, company, kind, what, amount
""")
MONTHS = text("""
SELECT to_char(j.at AT TIME ZONE 'Europe/Istanbul', 'YYYY-MM') AS month, j.currency,
       -sum(p.amount) FILTER (WHERE p.account = 'revenue') AS net,
       -sum(p.amount) FILTER (WHERE p.account = 'vat_payable') AS vat,
       sum(p.amount) FILTER (WHERE p.account = 'paytr_clearing' AND j.kind = 'payment') AS collected,
       sum(p.amount) FILTER (WHERE p.account = 'commission') AS commission
  FROM journals j JOIN postings p ON p.journal_id = j.id
 WHERE j.at > :start
 GROUP BY 1, 2
 ORDER BY 1, 2
""")


@dataclass(frozen=True, slots=True)
class Month:
    """One calendar month of Türkiye in one currency; money in minor units."""

    month: str
    currency: str
    collected: int
    net: int
    vat: int
    commission: int
    """What PayTR keeps, as far as it has told by then."""
    events: dict[str, int]
    """How often each kind of event came, whatever its currency."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Everything that happened, in order, and the months."""

    events: Sequence[dict[str, Any]]
    months: Sequence[Month]


async def read_forecast(session: AsyncSession, *, start: datetime, zone: Any) -> Forecast:
    """Return what stands in the copy since `start`; `zone` is the calendar of the months."""
    events = [dict(row) for row in (await session.execute(EVENTS, {"start": start})).mappings()]
    counts: dict[str, Counter[str]] = {}
    for event in events:
        month = event["at"].astimezone(zone).strftime("%Y-%m")
        counts.setdefault(month, Counter())[event["kind"]] += 1
    rows = (await session.execute(MONTHS, {"start": start})).all()
    months = [
        Month(
            row.month,
            row.currency,
            collected=int(row.collected or 0),
            net=int(row.net or 0),
            vat=int(row.vat or 0),
            commission=int(row.commission or 0),
            events=dict(sorted(counts.get(row.month, Counter()).items())),
        )
        for row in rows
    ]
    for event in events:
        event["at"] = event["at"].astimezone(zone).isoformat(timespec="seconds")
    return Forecast(events, months)
