"""Gapless numbers under fire: 64 tasks issue 20,000 documents while transactions fail and connections die."""

import asyncio
import random
import time
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from app.domain.invoices.service import InvoiceDraft, issue
from app.lib.clock import now
from app.lib.statements import DriverTransaction
from bench.report import Row
from bench.seeding import seed_payments
from bench.stage import Stage

DOCUMENTS = 20_000
TASKS, CONNECTIONS = 64, 24
FAILING = 0.1
"""The share of transactions that fail after drawing their number, half of them by a dead connection."""
LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
SERIES = "TZG"
SOLD = "SELECT id, company_id FROM orders"
COUNTED = """
SELECT count(*) AS documents, count(DISTINCT sequence) AS numbers,
       min(sequence) AS first, max(sequence) AS last,
       count(*) FILTER (WHERE issued_at < before) AS out_of_order
  FROM (SELECT sequence, issued_at, lag(issued_at) OVER (ORDER BY sequence) AS before FROM invoices) AS series
"""


class Withdrawn(Exception):
    """A transaction that fails after it has drawn its number."""


def measure(stage: Stage) -> list[Row]:
    """Issue all documents, count what failed, and look for gaps and duplicates."""
    yardstick, per_second, withdrawn, counted = asyncio.run(_issue_all(stage))
    gaps = counted["last"] - counted["first"] + 1 - counted["numbers"]
    duplicates = counted["documents"] - counted["numbers"]
    if (counted["first"], counted["documents"], gaps, duplicates, counted["out_of_order"]) != (
        1,
        DOCUMENTS,
        0,
        0,
        0,
    ):
        raise RuntimeError(f"the series is broken: {dict(counted)}")
    return [
        Row(f"numbers drawn by {TASKS} tasks", per_second, "per s", yardstick, "bare commits of one task"),
        Row("transactions that were withdrawn", withdrawn, ""),
        Row("gaps", gaps, ""),
        Row("duplicates", duplicates, ""),
    ]


async def _issue_all(stage: Stage) -> tuple[float, float, int, Any]:
    await seed_payments(stage, DOCUMENTS, "N")
    address = stage.services.database_url.replace("+asyncpg", "")
    async with (
        asyncpg.create_pool(address, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool,
        asyncpg.create_pool(address, min_size=1, max_size=1) as executioner,
    ):
        yardstick = await _bare_commits(pool)
        waiting = [(row["id"], row["company_id"]) for row in await pool.fetch(SOLD)]
        began = time.perf_counter()
        counts = await asyncio.gather(*(_work_off(pool, executioner, waiting) for _ in range(TASKS)))
        elapsed = time.perf_counter() - began
        return yardstick, DOCUMENTS / elapsed, sum(counts), await pool.fetchrow(COUNTED)


async def _bare_commits(pool: asyncpg.Pool) -> float:
    """Return how many of the smallest transactions the disk takes one after the other."""
    number = 500
    async with pool.acquire() as connection:
        began = time.perf_counter()
        for _ in range(number):
            await connection.execute("SELECT pg_logical_emit_message(true, 'bench', '')")
        return number / (time.perf_counter() - began)


async def _work_off(pool: asyncpg.Pool, executioner: asyncpg.Pool, waiting: list[tuple[UUID, UUID]]) -> int:
    withdrawn = 0
    while waiting:
        order_id, company_id = waiting.pop()
        try:
            await _issue_one(pool, executioner, order_id, company_id)
        except asyncpg.UniqueViolationError:
            continue  # issued before: the commit had held, and the connection died before it was told
        except (Withdrawn, *LOST):
            withdrawn += 1
            if withdrawn > DOCUMENTS:
                raise
            waiting.append((order_id, company_id))
    return withdrawn


async def _issue_one(pool: asyncpg.Pool, executioner: asyncpg.Pool, order_id: UUID, company_id: UUID) -> None:
    async with pool.acquire() as connection:
        transaction = DriverTransaction(connection, {})
        await transaction.begin()
        try:
            at = now()
            await issue(transaction, _draft(order_id, company_id), series=SERIES, at=at)
            await _befall(executioner, connection.get_server_pid())
            await transaction.commit()
        except BaseException:
            with suppress(*LOST):
                await transaction.roll_back()
            raise


async def _befall(executioner: asyncpg.Pool, server_pid: int) -> None:
    fate = random.random()  # noqa: S311 chance, not secrecy
    if fate < FAILING / 2:
        raise Withdrawn
    if fate < FAILING:
        await executioner.execute("SELECT pg_terminate_backend($1)", server_pid)


def _draft(order_id: UUID, company_id: UUID) -> InvoiceDraft:
    at = now()
    return InvoiceDraft(
        company_id=company_id,
        order_id=order_id,
        payment_id=None,
        seller={"name": "Seller"},
        buyer={"name": "Buyer"},
        language="tr",
        currency="TRY",
        net=247_500,
        vat=49_500,
        vat_basis_points=2_000,
        total=297_000,
        description="Team",
        period_start=at,
        period_end=at + timedelta(days=30),
        payment_reference=None,
    )
