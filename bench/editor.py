"""From the click to a workspace that the page calls ready ÷ starting code-server alone to `/healthz`."""

import os
import re
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from app.domain.workspaces.drivers.code_server import code_server_command
from app.embedded.parts import free_port
from bench.report import Row
from bench.stage import Stage
from tests.browser.product import ROOT, running_product

ROUNDS = 5
LIMIT_SECONDS = 60
LOGIN = ("deneme@demo.tezgah.localhost", "tezgah-demo")


def measure(stage: Stage) -> list[Row]:
    """Measure both in turn and compare the medians."""
    bare = statistics.median(bare_start(stage.home / f"bare-{number}") for number in range(ROUNDS))
    with (
        running_product(stage.home / "product") as product,
        httpx.Client(base_url=product.base_url) as client,
    ):
        log_in(client)
        clicks = statistics.median(click(client, f"bench-{number}") for number in range(ROUNDS))
    return [
        Row("click to editor", clicks, "s", bare, "bare code-server to healthz", 2.0, smaller_is_better=True)
    ]


def bare_start(folder: Path) -> float:
    """Return the seconds code-server takes by itself."""
    port = free_port()
    folder.mkdir(parents=True)
    command = [
        *(code_server_command(ROOT / ".tezgah") or ()),
        *("--auth", "none", "--bind-addr", f"127.0.0.1:{port}", "--disable-telemetry"),
        *("--disable-update-check", "--user-data-dir", str(folder / "data"), str(folder)),
    ]
    began = time.perf_counter()
    environment = {"HOME": str(folder), "PATH": os.environ["PATH"]}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}/healthz"))
        return time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(timeout=10)


def click(client: httpx.Client, name: str) -> float:
    """Create a workspace and return the seconds until its detail page says it is ready."""
    began = time.perf_counter()
    answer = client.post("/workspaces", data={"name": name, "_csrf_token": client.cookies["csrf"]})
    page = answer.headers["location"]
    until(lambda: "/session/end" in client.get(page).text)
    elapsed = time.perf_counter() - began
    client.post(f"{page}/session/end", data={"_csrf_token": client.cookies["csrf"]})
    return elapsed


def log_in(client: httpx.Client) -> None:
    """Log in as the demo company in trial."""
    token = re.search(r'name="_csrf_token" value="([^"]+)"', client.get("/login").text)
    email, password = LOGIN
    client.post(
        "/login", data={"email": email, "password": password, "_csrf_token": token[1] if token else ""}
    )


def answers(address: str) -> bool:
    """Say whether something answers 200 there, leaving no connection open."""
    try:
        return httpx.get(address, headers={"Connection": "close"}, timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds, looking every 30 ms; raises after a minute."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not happen within a minute")
        time.sleep(0.03)
