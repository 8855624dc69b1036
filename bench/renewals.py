"""Due renewals per second of two workers: in a million subscriptions as in ten thousand."""

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime

import asyncpg

from bench.report import Row
from bench.seeding import EMPTY
from bench.stage import Stage

FEW, MANY, DUE = 10_000, 1_000_000, 30_000
WORKERS = 2
AT = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
PATIENCE_SECONDS = 900
COMPANIES = """
INSERT INTO companies (id, name, slug, language, created_at)
SELECT gen_random_uuid(), 'Company ' || n, 'c' || n, 'tr', now() FROM generate_series(1, $1::int) n
"""
SUBSCRIPTIONS = """
INSERT INTO subscriptions (id, company_id, plan_code, price_id, interval, status, anchor_at,
                           current_period_start, current_period_end, cancel_at_period_end,
                           converts_at_trial_end, charge_attempts)
SELECT gen_random_uuid(), c.id, 'team', p.id, 'month', 'active', period.start, period.start,
       period.start + interval '1 month', FALSE, FALSE, 0
  FROM (SELECT id, row_number() OVER () AS n FROM companies) AS c,
       plan_prices AS p,
       LATERAL (SELECT CASE WHEN c.n <= $1::int THEN $2::timestamptz - interval '1 month 5 minutes'
                            ELSE $2::timestamptz - random() * interval '20 days' END AS start) AS period
 WHERE p.plan_code = 'team' AND p.interval = 'month' AND p.currency = 'TRY' AND p.superseded_at IS NULL
"""


def measure(stage: Stage) -> list[Row]:
    """Measure both sizes; a row that is due may not cost more because there are more that are not."""
    few, _ = _renew(stage, FEW, due=FEW * 9 // 10)
    many, megabytes = _renew(stage, MANY, due=DUE)
    return [
        Row("renewals of 1,000,000 subscriptions", many, "per s", few, "of 10,000", 1 / 1.2),
        Row("memory of one worker at it", megabytes, "MB"),
    ]


def _renew(stage: Stage, size: int, *, due: int) -> tuple[float, float]:
    """Return due rows per second of both workers together, and the larger one's memory."""
    asyncio.run(_seed(stage, size, due))
    command = [sys.executable, "-m", "bench.renewing", AT.isoformat()]
    workers = [
        subprocess.Popen(command, env=stage.environment(), stdout=subprocess.PIPE, text=True)
        for _ in range(WORKERS)
    ]
    told = [json.loads(worker.communicate(timeout=PATIENCE_SECONDS)[0]) for worker in workers]
    rows = sum(one["done"] for one in told)
    if rows == 0:
        raise RuntimeError("nothing was due")
    return rows / max(one["seconds"] for one in told), max(one["megabytes"] for one in told)


async def _seed(stage: Stage, size: int, due: int) -> None:
    connection = await asyncpg.connect(stage.services.database_url.replace("+asyncpg", ""))
    try:
        await connection.execute(EMPTY)
        await connection.execute("SET synchronous_commit TO off")
        await connection.execute(COMPANIES, size, timeout=PATIENCE_SECONDS)
        await connection.execute(SUBSCRIPTIONS, due, AT, timeout=PATIENCE_SECONDS)
        await connection.execute("VACUUM ANALYZE", timeout=PATIENCE_SECONDS)
    finally:
        await connection.close()
