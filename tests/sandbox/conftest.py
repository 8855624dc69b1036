"""A real sandbox process, and a real server that receives its callbacks; loopback, ports of the moment."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages import frame_form
from app.domain.payments.values import BasketLine, FrameRequest
from app.lib.ids import random_reference

START_SECONDS = 60.0
REPEAT_SECONDS = 0.05
REPEAT_LIMIT = 40
KEPT = httpx.Limits(keepalive_expiry=1.0)
"""A kept connection is given up long before the sandbox closes it, after 5 s, under a request."""
Answer = tuple[int, bytes]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Receiver:
    """The merchant's side: remembers every callback, answers from a script per oid, then `OK`."""

    url: str = ""
    scripts: dict[str, list[Answer]] = field(default_factory=dict)
    received: dict[str, list[dict[str, str]]] = field(default_factory=lambda: defaultdict(list))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, body: bytes) -> Answer:
        form = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        with self.lock:
            self.received[form["merchant_oid"]].append(form)
            script = self.scripts.get(form["merchant_oid"])
            return script.pop(0) if script else (200, b"OK")


@dataclass
class Sandbox:
    """A running sandbox as a merchant and a tester see it."""

    url: str
    http: httpx.Client
    receiver: Receiver

    def form(self, **changes: str) -> dict[str, str]:
        """A get-token form as our client makes it, changed afterwards and not signed again."""
        return {**frame_form(SANDBOX_MERCHANT, frame_request()), **changes}

    def get_token(self, form: dict[str, str]) -> dict[str, Any]:
        answer: dict[str, Any] = self.http.post("/odeme/api/get-token", data=form).json()
        return answer

    def open_order(self, **changes: Any) -> tuple[str, str]:
        """Open an order and return its oid and token."""
        form = frame_form(SANDBOX_MERCHANT, frame_request(**changes))
        return form["merchant_oid"], self.get_token(form)["token"]

    def control(self, oid: str, action: str, **facts: Any) -> httpx.Response:
        return self.http.post(f"/control/orders/{oid}/{action}", json=facts)

    def expect(self, **facts: Any) -> None:
        """Script faults for an oid or for the next requests to a path."""
        self.http.post("/control/expect", json=facts).raise_for_status()

    def order(self, oid: str) -> dict[str, Any]:
        view: dict[str, Any] = self.http.get(f"/control/orders/{oid}").json()
        return view

    def delivered(self, oid: str, count: int = 1) -> dict[str, Any]:
        """Return the order once `count` of its callbacks have been accepted."""

        def accepted() -> dict[str, Any] | None:
            view = self.order(oid)
            return view if sum(callback["accepted"] for callback in view["callbacks"]) >= count else None

        view: dict[str, Any] = wait_for(accepted)
        return view


def wait_for(found: Any, seconds: float = 10.0) -> Any:
    """Return the first true answer of `found`, asked again and again for a bounded time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := found():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"nothing within {seconds} s")


def frame_request(**changes: Any) -> FrameRequest:
    """A right request with an oid of its own."""
    amount = changes.pop("amount", 87000)
    facts: dict[str, Any] = {
        "merchant_oid": random_reference("TZG"),
        "email": "owner@example.com",
        "amount": amount,
        "currency": "TRY",
        "basket": (BasketLine("Tezgâh Başlangıç, aylık", amount, 1),),
        "user_ip": "203.0.113.10",
        "user_name": "Ayşe Yılmaz",
        "user_address": "Kadıköy, İstanbul",
        "user_phone": "02160000000",
        "ok_url": "http://127.0.0.1:9/billing/return/ok",
        "fail_url": "http://127.0.0.1:9/billing/return/fail",
        "language": "en",
        "test_mode": True,
    }
    return FrameRequest(**{**facts, **changes})


class Listener(ThreadingHTTPServer):
    """A server with room for every callback that may be on its way at once."""

    daemon_threads = True
    request_queue_size = 128


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            status, body = state.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the test output quiet."""

    server = Listener(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/webhooks/paytr"
    yield state
    server.shutdown()
    thread.join(timeout=5)
    server.server_close()


@pytest.fixture(scope="session")
def sandbox(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(receiver, tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@contextmanager
def running_sandbox(receiver: Receiver, home: Path, *options: str) -> Iterator[Sandbox]:
    """Run a sandbox process with further options until the block ends."""
    port = free_port()
    process = start_sandbox(
        home, port, "--callback-url", receiver.url,
        "--repeat-seconds", str(REPEAT_SECONDS), "--repeat-limit", str(REPEAT_LIMIT), *options,
    )  # fmt: skip
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10, limits=KEPT) as http:
            wait_for(lambda: is_up(http, process), START_SECONDS)
            yield Sandbox(str(http.base_url).rstrip("/"), http, receiver)
    finally:
        process.terminate()
        process.wait(timeout=10)


def start_sandbox(home: Path, port: int, *options: str) -> subprocess.Popen[bytes]:
    environment = {"PATH": os.environ["PATH"], "TEZGAH_ENV": "test", "TEZGAH_HOME": str(home)}
    return subprocess.Popen(
        [sys.executable, "-m", "app.sandbox", "--port", str(port), *options], cwd=home, env=environment
    )


def is_up(http: httpx.Client, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the sandbox ended at once"
    try:
        return http.get("/control/orders").status_code == 200
    except httpx.TransportError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
