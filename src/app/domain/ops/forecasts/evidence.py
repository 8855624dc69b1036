"""Looking up what may explain that a company's day went otherwise, for some companies at once."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text, Uuid

from app.domain.billing.reconciliation.book import start_of
from app.domain.ledger.rules import PARKING
from app.domain.ops.forecasts.causes import TELLING, Evidence
from app.domain.ops.forecasts.figures import bounds_of

RUNS = ("subscription_manager", "trial_check")
"""The scheduled work that does what a forecast tells."""
REMEMBERED = timedelta(days=7)
"""Runs that found nothing are forgotten afterwards (`tasks.maintenance`)."""
EVIDENCE = text("""
SELECT c.id,
       coalesce((SELECT jsonb_object_agg(entry.action, entry.at)
                   FROM (SELECT a.action, max(a.at) AS at
                           FROM audit_entries a
                          WHERE a.company_id = c.id AND a.at >= :since AND a.at < :last
                            AND a.action = ANY(:telling)
                          GROUP BY a.action) AS entry), '{}') AS since,
       coalesce(paid.is_undecided, FALSE) AS is_undecided,
       coalesce(paid.earlier, FALSE) AS paid_earlier,
       coalesce(paid.by_person, FALSE) AS paid_by_person,
       coalesce(paid.failure, '') AS failure,
       EXISTS (SELECT FROM ledger_breaks b
                WHERE b.company_id = c.id AND b.mended_at IS NULL AND b.rule = ANY(:parking)) AS is_parked
  FROM companies c
  LEFT JOIN LATERAL (
       SELECT bool_or(p.status IN ('created', 'sent', 'unknown', 'waiting')
                      AND p.channel = 'stored_card') AS is_undecided,
              bool_or(p.succeeded_at >= :since AND p.succeeded_at < :first) AS earlier,
              bool_or(p.succeeded_at >= :first AND p.succeeded_at < :last
                      AND p.channel <> 'stored_card') AS by_person,
              max(p.failure_message) FILTER (WHERE p.failed_at >= :first AND p.failed_at < :last) AS failure
         FROM payments p
        WHERE p.company_id = c.id
  ) AS paid ON TRUE
 WHERE c.id = ANY(:companies)
""").bindparams(
    bindparam("companies", type_=ARRAY(Uuid)),
    bindparam("telling", type_=ARRAY(Text)),
    bindparam("parking", type_=ARRAY(Text)),
)
HAS_RUN = text("""
SELECT EXISTS (SELECT FROM job_runs
                WHERE name = ANY(:runs) AND started_at >= :first AND started_at < :last)
""").bindparams(bindparam("runs", type_=ARRAY(Text)))


async def evidence_of(
    session: AsyncSession, companies: Collection[UUID], day: date, *, since: datetime
) -> dict[UUID, Evidence]:
    """Return what is known of some companies since a forecast of this day was made."""
    if not companies:
        return {}
    parameters = {
        **bounds_of(day),
        "since": since,
        "companies": list(companies),
        "telling": list(TELLING),
        "parking": sorted(PARKING),
    }
    return {
        row.id: Evidence(
            since={action: datetime.fromisoformat(at) for action, at in row.since.items()},
            is_undecided=row.is_undecided,
            paid_earlier=row.paid_earlier,
            paid_by_person=row.paid_by_person,
            is_parked=row.is_parked,
            failure=row.failure,
        )
        for row in await session.execute(EVIDENCE, parameters)
    }


async def has_run(session: AsyncSession, day: date, *, at: datetime) -> bool:
    """Say whether the scheduled work ran on a day; of a day too long ago it is taken for granted."""
    if start_of(day) < at - REMEMBERED:
        return True
    return bool(await session.scalar(HAS_RUN, {**bounds_of(day), "runs": list(RUNS)}))
