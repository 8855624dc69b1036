"""Repeated callbacks through the web process ÷ a bare Litestar POST that reads a form and checks an HMAC."""

import asyncio

from bench.load import Measured, drive, post
from bench.report import Row
from bench.seeding import seed_payments
from bench.settlement import CONNECTIONS, signed, told_ok
from bench.stage import Stage, bare_web, product_web

PAYMENTS = 400
ROUNDS = 10
PACE, PACED, WARM = 100, 2_000, 100


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
    paced = at_a_pace(stage)
    return [
        Row(
            "repeated callbacks", repeats.per_second, "per s", yardstick.per_second, "bare Litestar POST", 0.5
        ),
        Row("repeated callback p99", repeats.p99, "ms", yardstick.p99, "bare Litestar POST"),
        Row(f"settling callback p99 at {PACE} per s", paced.p99, "ms (asked < 50)"),
        Row("ceiling of a bare handler", yardstick.per_second, "per s"),
    ]


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
