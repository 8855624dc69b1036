"""The dashboard of a company with history ÷ a bare Litestar template page of thirty rows."""

import asyncio
import re

import httpx

from bench.history import company_with_history
from bench.load import drive, get
from bench.report import Row
from bench.stage import Stage, bare_web, product_web

REQUESTS = 600
CONNECTIONS = 4


def measure(stage: Stage) -> list[Row]:
    """Measure pages as a logged-in owner sees them, and count their queries."""
    with bare_web(stage) as (address, _):
        asyncio.run(drive(address, [get("/page")] * 100, connections=CONNECTIONS))
        yardstick = asyncio.run(drive(address, [get("/page")] * REQUESTS, connections=CONNECTIONS))
    email, password = asyncio.run(company_with_history(stage))
    rows = []
    with product_web(stage) as (address, _):
        cookie = log_in(address, email, password)
        for name, path in {"dashboard": "/dashboard", "billing page": "/billing"}.items():
            asyncio.run(drive(address, [get(path, cookie)] * 50, connections=CONNECTIONS))
            page = asyncio.run(drive(address, [get(path, cookie)] * REQUESTS, connections=CONNECTIONS))
            rows.append(Row(f"{name} p50", page.p50, "ms", yardstick.p50, "bare Litestar page"))
            rows.append(Row(f"{name}s", page.per_second, "per s", yardstick.per_second, "bare Litestar page"))
    return rows


def log_in(address: str, email: str, password: str) -> str:
    """Log in through the form and return the cookies."""
    with httpx.Client(base_url=address) as client:
        token = form_token(client)
        answer = client.post("/login", data={"email": email, "password": password, "_csrf_token": token})
        if answer.status_code != 303:
            raise RuntimeError(f"login answered {answer.status_code}")
        return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


def form_token(client: httpx.Client) -> str:
    """Open the login form and return what every form has to send back."""
    token = re.search(r'name="_csrf_token" value="([^"]+)"', client.get("/login").text)
    if token is None:
        raise RuntimeError("the login form carries no token")
    return token[1]
