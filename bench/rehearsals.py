"""A rehearsal of the coming year, beside bare inserts of the rows that it wrote."""

import asyncio
import os
import time
from datetime import UTC, datetime

import asyncpg
from msgspec.structs import replace
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.base import Base
from app.db.models import Interval
from app.domain.billing.cards.store import digest_of, hide
from app.domain.subscriptions.periods import boundary
from app.lib.clock import ISTANBUL
from app.lib.crypto import Keys
from app.rehearsal.calendar import daily
from app.rehearsal.report import read_forecast
from app.rehearsal.scratch import scratch_database
from app.rehearsal.stage import lived_through
from app.server.resources import build_resources, closing
from bench.processor import database_seconds
from bench.report import Row
from bench.seeding import EMPTY
from bench.stage import SECRET, Stage

KEYS = Keys(SECRET)
COMPANIES, MONTHS = 200, 13
"""As much as ends within a few minutes; what a larger installation takes grows with its charges."""
WANTED = 1_000, 13
BEGIN = datetime(2027, 3, 1, 0, 0, tzinfo=UTC)
WANTED_SECONDS = 60.0
SEEDED = {"companies", "users", "memberships", "subscriptions", "stored_cards", "plans", "plan_prices"}
ADDED = [table for table in Base.metadata.sorted_tables if table.name not in SEEDED]
"""Tables that are empty before the rehearsal, referenced ones first."""
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
    calendar = daily(BEGIN, boundary(BEGIN, Interval.MONTH, MONTHS))
    async with closing(build_resources(settings)) as resources:
        began, busy = time.perf_counter(), database_seconds(stage.home)
        async with lived_through(resources, calendar, start=BEGIN) as (session, outcome):
            forecast = await read_forecast(session, start=BEGIN, zone=ISTANBUL)
            seconds, busy = time.perf_counter() - began, database_seconds(stage.home) - busy
            rows, bare_seconds = await _insert_again(settings.database_url, session)
    charges = sum(event["kind"] == "charge" for event in forecast.events)
    if outcome.failures or charges < COMPANIES * (MONTHS - 1):
        raise RuntimeError(f"{charges} charges, failures {outcome.failures}")
    return [
        Row(
            f"rehearsal of {COMPANIES} × {MONTHS} months",
            seconds,
            "s",
            bare_seconds,
            "bare inserts of its rows",
        ),
        Row("charges of the rehearsal", charges / seconds, "per s"),
        Row("rows of the rehearsal", rows / seconds, "per s", rows / bare_seconds, "by the bare driver"),
        Row(
            f"{WANTED[0]} × {WANTED[1]} months at this rate",
            seconds * WANTED[0] * WANTED[1] / charges,
            "s",
            WANTED_SECONDS,
            "asked",
            1.0,
            smaller_is_better=True,
        ),
        Row(
            "of it PostgreSQL on all processors",
            busy / (os.cpu_count() or 1) * WANTED[0] * WANTED[1] / charges,
            "s",
            WANTED_SECONDS,
            "asked of the whole",
        ),
    ]


async def _insert_again(source: str, session: AsyncSession) -> tuple[int, float]:
    """Insert what the rehearsal has added into another copy, by the driver alone; return rows and seconds."""
    lived = (await session.connection()).engine.url
    reader = await _connect(lived.render_as_string(hide_password=False))
    try:
        added = [
            (table, await reader.fetch(f"SELECT {_columns(table)} FROM {table.name}")) for table in ADDED
        ]
    finally:
        await reader.close()
    async with scratch_database(source) as address:
        writer = await _connect(address)
        try:
            began = time.perf_counter()
            async with writer.transaction():
                for table, rows in added:
                    places = ", ".join(f"${place}" for place in range(1, len(_names(table)) + 1))
                    insert = f"INSERT INTO {table.name} ({_columns(table)}) VALUES ({places})"
                    await writer.executemany(insert, rows)
            seconds = time.perf_counter() - began
        finally:
            await writer.close()
    return sum(len(rows) for _, rows in added), seconds


async def _connect(address: str) -> asyncpg.Connection:
    return await asyncpg.connect(address.replace("+asyncpg", ""))


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns if column.computed is None]


def _columns(table: Table) -> str:
    return ", ".join(_names(table))


async def _seed(stage: Stage) -> None:
    connection = await _connect(stage.services.database_url)
    try:
        await connection.execute(EMPTY)
        await connection.execute(ROWS, COMPANIES, BEGIN)
        cards = []
        for number in range(1, COMPANIES + 1):
            user, card = f"user{number}", f"card{number}"
            hidden = hide(KEYS, user).token, hide(KEYS, card).token, digest_of(KEYS, card)
            cards.append((f"c{number}", *hidden, BEGIN))
        await connection.executemany(CARD, cards)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
