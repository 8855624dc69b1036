"""What keeping others out costs: the dashboard with and without it, and logins beside the bare Argon2id."""

import asyncio
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import httpx

from app.domain.accounts.passwords import hasher
from bench.history import company_with_history
from bench.load import drive, get
from bench.pages import form_token, log_in
from bench.report import Row
from bench.stage import Stage, product_web, unguarded_web

CONNECTIONS = 2
ROUNDS, REQUESTS = 8, 40
LOGINS, THREADS = 80, 2
"""As many threads as the product hashes in at once."""
PAGES = {"dashboard": "/dashboard", "billing page": "/billing", "workspaces": "/workspaces"}


def measure(stage: Stage) -> list[Row]:
    """Measure both processes in turns, so that whatever else the machine does meets both."""
    email, password = asyncio.run(company_with_history(stage))
    rows = []
    with product_web(stage) as (guarded, _), unguarded_web(stage) as (bare, _):
        cookie = log_in(guarded, email, password)
        for name, path in PAGES.items():
            with_all, without = asyncio.run(in_turns((guarded, get(path, cookie)), (bare, get(path))))
            rows.append(
                Row(
                    f"{name}, kept apart",
                    with_all,
                    "ms",
                    without,
                    "the same page alone",
                    1.25,
                    smaller_is_better=True,
                )
            )
        rows.append(logins(guarded, email, password))
    return rows


async def in_turns(*asked: tuple[str, bytes]) -> list[float]:
    """Return the median time of each page in ms, over rounds in which each has its turn."""
    times: list[list[float]] = [[] for _ in asked]
    for round_ in range(ROUNDS + 1):
        for found, (address, request) in zip(times, asked, strict=True):
            measured = await drive(address, [request] * REQUESTS, connections=CONNECTIONS)
            if round_:  # the first warms up
                found.append(measured.p50)
    return [statistics.median(found) for found in times]


def logins(address: str, email: str, password: str) -> Row:
    """Measure logins from many addresses, each with a form token and no session."""
    with ThreadPoolExecutor(THREADS) as pool:
        kept = hasher.hash(password)
        began = time.perf_counter()
        list(pool.map(lambda _: hasher.verify(kept, password), range(LOGINS)))
        bare = LOGINS / (time.perf_counter() - began)
    with httpx.Client(base_url=address) as client:
        token = form_token(client)
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    body = urlencode({"email": email, "password": password, "_csrf_token": token}).encode()
    requests = [post_from(f"198.51.{number // 250}.{number % 250}", body, cookie) for number in range(LOGINS)]
    asyncio.run(drive(address, requests[:10], connections=CONNECTIONS, status=303))
    measured = asyncio.run(drive(address, requests[10:], connections=CONNECTIONS, status=303))
    return Row("logins", measured.per_second, "per s", bare, "bare Argon2id")


def post_from(client: str, body: bytes, cookie: str) -> bytes:
    """Return a prepared login that a proxy of ours passes on."""
    head = (
        f"POST /login HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {client}\r\nCookie: {cookie}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
