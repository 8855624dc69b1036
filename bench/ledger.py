"""`tezgah ledger check` over a million postings ÷ plain sums over the very same tables."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import asyncpg

from bench.report import Row
from bench.stage import Stage

POSTINGS = 1_000_000
LIMIT = 10.0
"""Seconds: what is asked of the whole command, from its start to its exit."""
BOOK = Path(__file__).with_name("ledger.sql")
SCANS = (
    "SELECT sum(amount), count(*) FROM postings",
    "SELECT sum(amount), count(*) FROM postings JOIN journals ON journals.id = postings.journal_id",
    "SELECT sum(gross), count(*) FROM orders",
    "SELECT sum(amount), count(*) FROM payments",
    "SELECT sum(total), count(*) FROM invoices",
    "SELECT sum(total), count(*) FROM invoice_lines",
    "SELECT sum(gross), count(*) FROM plan_slices",
)
RUNS = 3


def measure(stage: Stage) -> list[Row]:
    """Fill the book, sum its tables up, and let the command prove it."""
    yardstick = asyncio.run(fill_and_scan(stage))
    best, report = min((check(stage) for _ in range(RUNS)), key=lambda run: run[0])
    if report["postings"] != POSTINGS or any(rule["breaks"] for rule in report["rules"]):
        raise RuntimeError(f"the book of the benchmark does not hold: {report}")
    return [
        Row("ledger check, 1,000,000 postings", best, "s", LIMIT, "seconds allowed", 1.0, True),
        Row("the proof itself", report["seconds"], "s", yardstick, "plain sums, same tables"),
    ]


def check(stage: Stage) -> tuple[float, dict[str, Any]]:
    """Run the command; return its seconds from start to exit, and what it reports."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "app", "ledger", "check", "--json"]
    done = subprocess.run(command, env=stage.environment(), capture_output=True, check=True, timeout=300)
    return time.perf_counter() - began, json.loads(done.stdout)


async def fill_and_scan(stage: Stage) -> float:
    """Fill the tables in bulk; return the seconds of the plain scans, the best of some."""
    connection = await asyncpg.connect(stage.services.database_url.replace("+asyncpg", ""))
    try:
        for statement in filter(str.strip, BOOK.read_text(encoding="utf-8").split(";\n")):
            await connection.execute(statement)
        await connection.execute("VACUUM")
        seconds = []
        for _ in range(RUNS):
            began = time.perf_counter()
            for scan in SCANS:
                await connection.fetch(scan)
            seconds.append(time.perf_counter() - began)
        return min(seconds)
    finally:
        await connection.close()
