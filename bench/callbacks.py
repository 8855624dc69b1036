"""Repeated callbacks through the web process ÷ a bare Litestar POST that reads a form and checks an HMAC."""

import asyncio
import time
from typing import Any

import asyncpg

from bench.load import Measured, drive, post
from bench.report import Row
from bench.seeding import seed_payments
from bench.settlement import CONNECTIONS, signed, told_ok
from bench.stage import Stage, bare_web, product_web

PAYMENTS = 400
ROUNDS = 10
PACE, PACED, WARM = 100, 2_000, 100
LONGEST = 50
SEGMENTS = 6
COMMITTERS = 4


def measure(stage: Stage) -> list[Row]:
    """Settle once, then measure the repeats of the same callbacks."""
    oids = asyncio.run(seed_payments(stage, PAYMENTS, "R"))
    with bare_web(stage) as (address, _):
        bare_requests = [post("/callback", signed(oid)) for oid in oids] * ROUNDS
        asyncio.run(drive(address, bare_requests[:PAYMENTS], connections=CONNECTIONS))
        yardstick = asyncio.run(drive(address, bare_requests, connections=CONNECTIONS))
    requests = [post("/webhooks/paytr", signed(oid)) for oid in oids]
    with product_web(stage) as (address, _):
        asyncio.run(drive(address, requests, connections=CONNECTIONS))
        repeats = asyncio.run(drive(address, requests * ROUNDS, connections=CONNECTIONS))
    told_ok(repeats)
    asyncio.run(write_ahead(stage))
    commits = asyncio.run(commits_at_a_pace(stage))
    paced = at_a_pace(stage)
    return [
        Row(
            "repeated callbacks", repeats.per_second, "per s", yardstick.per_second, "bare Litestar POST", 0.5
        ),
        Row("repeated callback p99", repeats.p99, "ms", yardstick.p99, "bare Litestar POST"),
        Row(f"settling callback p99 at {PACE} per s", paced.p99, "ms", commits, "bare commits, same pace"),
        Row("  asked", LONGEST, "ms"),
        Row("ceiling of a bare handler", yardstick.per_second, "per s"),
    ]


async def write_ahead(stage: Stage) -> None:
    """Leave log segments as a server has them that did not begin a minute ago: written over, not made.

    A new segment is filled with zeros and synced while every commit waits; a server that has been through
    some checkpoints renames its old ones instead.
    """
    connection = await connect(stage)
    for _ in range(SEGMENTS):
        await connection.execute("SELECT pg_logical_emit_message(true, 'bench', 'x'), pg_switch_wal()")
    for _ in range(2):
        await connection.execute("CHECKPOINT")
    await connection.close()


async def commits_at_a_pace(stage: Stage) -> float:
    """Return the p99 of commits that change nothing, at the same pace, in milliseconds."""
    connections: asyncio.Queue[Any] = asyncio.Queue()
    for _ in range(COMMITTERS):
        connections.put_nowait(await connect(stage))
    latencies: list[float] = []
    start = time.perf_counter()

    async def commit(due: float) -> None:
        connection = await connections.get()
        await connection.execute("SELECT pg_logical_emit_message(true, 'bench', 'x')")
        latencies.append((time.perf_counter() - due) * 1000)
        connections.put_nowait(connection)

    async with asyncio.TaskGroup() as group:
        for number in range(PACED):
            due = start + number / PACE
            await asyncio.sleep(due - time.perf_counter())
            group.create_task(commit(due))
    for _ in range(COMMITTERS):
        await (await connections.get()).close()
    return sorted(latencies)[int(PACED * 0.99) - 1]


async def connect(stage: Stage) -> Any:
    """Return a connection of the driver's own."""
    return await asyncpg.connect(stage.services.database_url.replace("+asyncpg", ""))


def at_a_pace(stage: Stage) -> Measured:
    """Settle first-time callbacks that arrive at a steady pace."""
    requests = [
        post("/webhooks/paytr", signed(oid)) for oid in asyncio.run(seed_payments(stage, PACED + WARM, "P"))
    ]
    with product_web(stage) as (address, _):
        asyncio.run(drive(address, requests[:WARM], connections=4))
        paced = asyncio.run(drive(address, requests[WARM:], connections=64, per_second=PACE))
    told_ok(paced)
    return paced
