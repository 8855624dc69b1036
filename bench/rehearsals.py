"""A rehearsal of a thousand companies over thirteen months, beside the same work without copy and clock."""

import asyncio
import time
from datetime import UTC, datetime

import asyncpg
from msgspec.structs import replace

from app.domain.billing.cards.store import digest_of, hide
from app.rehearsal.command import rehearse
from app.server.resources import build_resources, closing
from bench.report import Row
from bench.seeding import TABLES
from bench.stage import SECRET, Stage

COMPANIES, MONTHS = 1_000, 13
BEGIN = datetime(2027, 3, 1, 0, 0, tzinfo=UTC)
WANTED_SECONDS = 60.0
ROWS = """
WITH c AS (
    INSERT INTO companies (id, name, slug, language, created_at)
    SELECT gen_random_uuid(), 'Company ' || n, 'c' || n, 'tr', now() FROM generate_series(1, $1::int) n
    RETURNING id, slug
), u AS (
    INSERT INTO users (id, email, full_name, password_hash, language, color_scheme, session_epoch,
                       is_operator)
    SELECT gen_random_uuid(), slug || '@example.com', slug, 'none', 'tr', 'auto', 0, FALSE FROM c
    RETURNING id, full_name
), m AS (
    INSERT INTO memberships (id, company_id, user_id, role)
    SELECT gen_random_uuid(), c.id, u.id, 'owner' FROM c JOIN u ON u.full_name = c.slug
)
INSERT INTO subscriptions (id, company_id, plan_code, price_id, interval, status, anchor_at,
                           current_period_start, current_period_end, cancel_at_period_end,
                           converts_at_trial_end, charge_attempts)
SELECT gen_random_uuid(), c.id, 'team', p.id, 'month', 'active', period.start, period.start,
       period.start + interval '1 month', FALSE, FALSE, 0
  FROM c, plan_prices AS p,
       -- spread evenly, the same in every run
       LATERAL (SELECT $2::timestamptz - mod(substr(c.slug, 2)::int * 0.618034, 1) * interval '27 days'
                       AS start) AS period
 WHERE p.plan_code = 'team' AND p.interval = 'month' AND p.currency = 'TRY' AND p.superseded_at IS NULL
"""
CARD = """
INSERT INTO stored_cards (id, company_id, added_by_id, user_token, card_token, card_digest, brand, bank,
                          last_four, expiry_month, expiry_year, requires_cvv, is_default, consent_version,
                          consented_at, consent_address)
SELECT gen_random_uuid(), c.id, u.id, $2, $3, $4, 'VISA', 'Deneme', '4358', 12, 2035, FALSE, TRUE, '1', $5,
       '203.0.113.7'
  FROM companies c JOIN memberships m ON m.company_id = c.id JOIN users u ON u.id = m.user_id
 WHERE c.slug = $1
"""


def measure(stage: Stage) -> list[Row]:
    """Seed, rehearse, and say how long it took and how much happened."""
    return asyncio.run(_measure(stage))


async def _measure(stage: Stage) -> list[Row]:
    await _seed(stage)
    settings = replace(stage.settings, smtp_url="smtp://127.0.0.1:9", paytr_base_url="http://127.0.0.1:9")
    async with closing(build_resources(settings)) as resources:
        began = time.perf_counter()
        forecast, outcome = await rehearse(resources, start=BEGIN, months=MONTHS)
        seconds = time.perf_counter() - began
    charges = sum(event["kind"] == "charge" for event in forecast.events)
    if outcome.failures or charges < COMPANIES * (MONTHS - 1):
        raise RuntimeError(f"{charges} charges, failures {outcome.failures}")
    return [
        Row(
            f"rehearsal of {COMPANIES} × {MONTHS} months",
            seconds,
            "s",
            WANTED_SECONDS,
            "asked",
            1.0,
            smaller_is_better=True,
        ),
        Row("charges of the rehearsal", charges / seconds, "per s"),
    ]


async def _seed(stage: Stage) -> None:
    connection = await asyncpg.connect(stage.services.database_url.replace("+asyncpg", ""))
    try:
        await connection.execute(f"TRUNCATE {TABLES} CASCADE")
        await connection.execute(ROWS, COMPANIES, BEGIN)
        cards = []
        for number in range(1, COMPANIES + 1):
            user, card = f"user{number}", f"card{number}"
            hidden = hide(SECRET, user), hide(SECRET, card), digest_of(SECRET, card)
            cards.append((f"c{number}", *hidden, BEGIN))
        await connection.executemany(CARD, cards)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
