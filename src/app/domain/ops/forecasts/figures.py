"""What one day of Türkiye brought, read from its rows: the figures, and a line for each company.

The same statements read the copy that a rehearsal has lived through and the real rows of the day. So a
forecast and what happened differ only where the days do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models.forecast import LineKind
from app.domain.billing.reconciliation.book import start_of

LINES_AT_MOST = 20_000
"""Lines of a day that are kept and compared; of more, the figures alone are."""


class FigureName(StrEnum):
    """What is counted, in the order in which pages show it."""

    NET = "net"
    VAT = "vat"
    CHARGES = "charges"
    DECLINED = "declined"
    UNPAID = "unpaid"
    INVOICES = "invoices"
    CREDIT_NOTES = "credit_notes"
    TRIALS_ENDED = "trials_ended"
    SUSPENDED = "suspended"
    CANCELED = "canceled"
    MAILS = "mails"


MONEY = (
    FigureName.NET,
    FigureName.VAT,
    FigureName.CHARGES,
    FigureName.DECLINED,
    FigureName.UNPAID,
    FigureName.INVOICES,
    FigureName.CREDIT_NOTES,
)
"""Figures with an amount, each of one currency."""


@dataclass(frozen=True, slots=True)
class Figure:
    """How often, and how much of it in minor units."""

    name: FigureName
    of: str
    """The currency of an amount, the template of mails, empty otherwise."""
    count: int
    amount: int = 0

    def to_json(self) -> list[str | int]:
        """Return it as the forecast keeps it."""
        return [self.name.value, self.of, self.count, self.amount]

    @classmethod
    def from_json(cls, kept: Sequence[Any]) -> "Figure":
        """Return it as it was kept."""
        name, of, count, amount = kept
        return cls(FigureName(name), of, count, amount)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happens to a company; amounts in minor units."""

    company_id: UUID
    subscription_id: UUID | None
    kind: LineKind
    detail: str
    """Of money: which kind of order it is for."""
    plan: str
    amount: int | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class DayFacts:
    """All of one day."""

    figures: list[Figure]
    lines: list[Line]


REVENUE = text("""
SELECT j.currency AS of,
       count(DISTINCT j.id) FILTER (WHERE p.account = 'revenue') AS net_count,
       coalesce(-sum(p.amount) FILTER (WHERE p.account = 'revenue'), 0) AS net,
       count(DISTINCT j.id) FILTER (WHERE p.account = 'vat_payable') AS vat_count,
       coalesce(-sum(p.amount) FILTER (WHERE p.account = 'vat_payable'), 0) AS vat
  FROM journals j JOIN postings p ON p.journal_id = j.id
 WHERE j.at >= :first AND j.at < :last AND p.account IN ('revenue', 'vat_payable')
 GROUP BY j.currency
""")
PAYMENTS = text("""
SELECT 'charges' AS name, currency AS of, count(*) AS times, sum(collected) AS amount
  FROM payments
 WHERE succeeded_at >= :first AND succeeded_at < :last
 GROUP BY currency
UNION ALL
SELECT 'declined', currency, count(*), sum(amount)
  FROM payments
 WHERE failed_at >= :first AND failed_at < :last AND status = 'failed' AND channel = 'stored_card'
 GROUP BY currency
""")
DUE_AND_UNPAID = """
  FROM audit_entries a
  JOIN subscriptions s ON s.id = CAST(a.subject AS uuid)
  JOIN plan_prices price ON price.id = s.price_id
  JOIN plans ON plans.code = a.facts ->> 'plan'
 WHERE a.action = 'subscription.renewal_due' AND a.at >= :first AND a.at < :last
   AND NOT EXISTS (SELECT FROM audit_entries paid
                    WHERE paid.company_id = a.company_id AND paid.action = 'subscription.activated'
                      AND paid.at >= a.at AND paid.at < :last)
"""
"""Renewals that fell due on a day and were not paid on it, whatever became of them later."""
UNPAID = text(f"""
SELECT 'unpaid' AS name, price.currency AS of, count(*) AS times,
       sum(CAST(a.facts ->> 'gross' AS bigint)) AS amount
{DUE_AND_UNPAID}
 GROUP BY price.currency
""")
DOCUMENTS = text("""
SELECT CASE kind WHEN 'invoice' THEN 'invoices' ELSE 'credit_notes' END AS name, currency AS of,
       count(*) AS times, sum(total) AS amount
  FROM invoices
 WHERE issued_at >= :first AND issued_at < :last
 GROUP BY kind, currency
""")
ENDS = text("""
SELECT CASE action WHEN 'trial.ended' THEN 'trials_ended'
                   ELSE replace(action, 'subscription.', '') END AS name,
       '' AS of, count(*) AS times, 0 AS amount
  FROM audit_entries
 WHERE at >= :first AND at < :last
   AND action IN ('trial.ended', 'subscription.suspended', 'subscription.canceled')
 GROUP BY action
""")
# the mail of a document is written once its PDF is drawn, which a rehearsal leaves out
MAILS = text("""
SELECT 'mails' AS name, template AS of, count(*) AS times, 0 AS amount
  FROM (SELECT template
          FROM email_messages
         WHERE (sent_at >= :first AND sent_at < :last)
            OR (next_attempt_at >= :first AND next_attempt_at < :last)
         UNION ALL
        SELECT CASE i.kind WHEN 'invoice' THEN 'payment_receipt' ELSE 'credit_note' END
          FROM invoices i JOIN orders o ON o.id = i.order_id
         WHERE i.pdf_rendered_at IS NULL AND i.issued_at >= :first AND i.issued_at < :last
           AND (i.kind = 'credit_note' OR o.placed_by_id IS NOT NULL)) AS letters
 GROUP BY template
""")
LINES = text(
    f"""
SELECT company_id, subscription_id, kind, detail, plan, amount, currency FROM (
    SELECT i.issued_at AS at, o.company_id, o.subscription_id, 'paid' AS kind, o.kind AS detail,
           o.plan_name AS plan, i.total AS amount, i.currency
      FROM invoices i JOIN orders o ON o.id = i.order_id
     WHERE i.kind = 'invoice' AND i.issued_at >= :first AND i.issued_at < :last
    UNION ALL
    SELECT p.failed_at, p.company_id, o.subscription_id, 'declined', o.kind, o.plan_name, p.amount, p.currency
      FROM payments p JOIN orders o ON o.id = p.order_id
     WHERE p.failed_at >= :first AND p.failed_at < :last AND p.status = 'failed'
       AND p.channel = 'stored_card'
    UNION ALL
    SELECT a.at, a.company_id, s.id, 'unpaid', 'renewal', plans.name,
           CAST(a.facts ->> 'gross' AS bigint), price.currency
    {DUE_AND_UNPAID}
    UNION ALL
    SELECT a.at, a.company_id, CAST(a.subject AS uuid),
           CASE a.action WHEN 'trial.ended' THEN 'trial_ended'
                         ELSE replace(a.action, 'subscription.', '') END,
           '', coalesce(plans.name, ''), NULL, NULL
      FROM audit_entries a LEFT JOIN plans ON plans.code = a.facts ->> 'plan'
     WHERE a.at >= :first AND a.at < :last
       AND a.action IN ('trial.ended', 'subscription.suspended', 'subscription.canceled')
) AS lines
ORDER BY at, company_id, kind
LIMIT :at_most
"""  # noqa: S608 put together from our own text alone
)


async def read_day(session: AsyncSession, day: date) -> DayFacts:
    """Return what stands in the rows of a day."""
    return DayFacts(await read_figures(session, day), await read_lines(session, day))


async def read_figures(session: AsyncSession, day: date) -> list[Figure]:
    """Return what a day adds up to, one statement for each group of figures."""
    bounds = bounds_of(day)
    found = []
    for row in await session.execute(REVENUE, bounds):
        found.append(Figure(FigureName.NET, row.of, row.net_count, int(row.net)))
        found.append(Figure(FigureName.VAT, row.of, row.vat_count, int(row.vat)))
    for statement in (PAYMENTS, UNPAID, DOCUMENTS, ENDS, MAILS):
        for row in await session.execute(statement, bounds):
            found.append(Figure(FigureName(row.name), row.of, row.times, int(row.amount)))
    order = list(FigureName)
    return sorted(found, key=lambda figure: (order.index(figure.name), figure.of))


async def read_lines(session: AsyncSession, day: date) -> list[Line]:
    """Return what happened to each company on a day, in order."""
    rows = await session.execute(LINES, {**bounds_of(day), "at_most": LINES_AT_MOST})
    return [
        Line(
            row.company_id,
            row.subscription_id,
            LineKind(row.kind),
            row.detail,
            row.plan,
            row.amount,
            row.currency,
        )
        for row in rows
    ]


def bounds_of(day: date) -> dict[str, Any]:
    """Return the first instant of a day of Türkiye and that of the day after."""
    return {"first": start_of(day), "last": start_of(day + timedelta(days=1))}
