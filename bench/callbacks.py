"""Repeated callbacks through the web process ÷ a bare Litestar POST that reads a form and checks an HMAC."""

import asyncio

from bench.load import drive, post
from bench.report import Row
from bench.seeding import seed_payments
from bench.settlement import CONNECTIONS, signed, told_ok
from bench.stage import Stage, bare_web, product_web

PAYMENTS = 400
ROUNDS = 10


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
    return [
        Row(
            "repeated callbacks", repeats.per_second, "per s", yardstick.per_second, "bare Litestar POST", 0.5
        ),
        Row("repeated callback p99", repeats.p99, "ms", yardstick.p99, "bare Litestar POST"),
    ]
