"""The book as a whole: it can be compared, repeated from its seed, and outlive its process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages import frame_form
from app.sandbox.app import create_sandbox
from app.sandbox.config import SandboxConfig
from app.sandbox.faults import Fault, FaultPlan
from tests.sandbox.conftest import (
    REPEAT_SECONDS,
    Receiver,
    Sandbox,
    frame_request,
    free_port,
    wait_for,
)

ORDERS = 40
STRIKES_ORDERS = (
    Fault.DUPLICATE,
    Fault.BURST,
    Fault.NEVER,
    Fault.LATE,
    Fault.SUCCESS_AFTER_FAILED,
    Fault.FAILED_AFTER_SUCCESS,
    Fault.WRONG_HASH,
    Fault.SURCHARGE,
    Fault.OTHER_CURRENCY,
    Fault.TEST_FLAG,
)


@contextmanager
def rehearsal(receiver: Receiver, seed: str, **facts: Any) -> Iterator[Sandbox]:
    """Serve a sandbox in which, unless told otherwise, one in five orders has each fault."""
    config = SandboxConfig(
        callback_url=receiver.url,
        seed=seed,
        repeat_seconds=REPEAT_SECONDS,
        port=free_port(),
        **{"fault_rates": dict.fromkeys(STRIKES_ORDERS, 0.2), **facts},
    )
    # The book's file belongs to the thread that opened it, so the app is made there.
    served = uvicorn.Config(
        lambda: create_sandbox(config),
        factory=True,
        port=config.port,
        log_level="error",
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(served)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started)
        with httpx.Client(base_url=config.base_url, timeout=10) as http:
            yield Sandbox(config.base_url, http, receiver)
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def play(sandbox: Sandbox, prefix: str, *, backwards: bool = False) -> dict[str, Any]:
    """Open orders, let their buyers decide, release what is late, and return the book at rest."""
    oids = [f"{prefix}{number}" for number in range(ORDERS)]
    for oid in reversed(oids) if backwards else oids:
        form = frame_form(SANDBOX_MERCHANT, frame_request(merchant_oid=oid, amount=87000))
        assert sandbox.get_token(form)["status"] == "success"
    sandbox.http.post("/control/orders/pay-many", json={"approve_rate": 0.7}).raise_for_status()
    sandbox.http.post("/control/release", json={}).raise_for_status()
    book: dict[str, Any] = wait_for(
        lambda: (book := sandbox.http.get("/control/book").json())["callbacks"]["owed"] == 0 and book
    )
    return book


def money(book: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the book says of every order, sorted: nothing in it hangs on the clock."""
    return sorted(book["orders"], key=lambda entry: str(entry["merchant_oid"]))


def test_a_seed_writes_the_same_book_in_whatever_order_requests_come_and_another_seed_another(
    receiver: Receiver,
) -> None:
    with rehearsal(receiver, "first") as sandbox:
        once = play(sandbox, "SEED")
        told = {oid: len(forms) for oid, forms in receiver.received.items() if oid.startswith("SEED")}
    for oid in told:
        receiver.received[oid].clear()
    with rehearsal(receiver, "first") as sandbox:
        again = play(sandbox, "SEED", backwards=True)
        told_again = {oid: len(forms) for oid, forms in receiver.received.items() if oid.startswith("SEED")}
    assert money(again) == money(once)
    assert told_again == told
    assert again["totals"] == once["totals"]
    with rehearsal(receiver, "second") as sandbox:
        assert money(play(sandbox, "SEED")) != money(once)


def test_the_sums_of_the_book_are_those_of_its_orders(receiver: Receiver) -> None:
    with rehearsal(receiver, "sums") as sandbox:
        book = play(sandbox, "SUMS")
    paid = [entry for entry in book["orders"] if entry["state"] == "paid"]
    assert 0 < len(paid) < ORDERS
    for currency, sums in book["totals"].items():
        own = [entry for entry in paid if entry["currency"] == currency]
        assert sums["orders"] == len(own)
        assert sums["collected"] == sum(entry["total_amount"] for entry in own)
        assert sums["commission"] == sum(entry["commission"] for entry in own)
    assert len(book["totals"]) == 2


def test_a_book_on_a_shelf_is_the_same_after_a_restart(receiver: Receiver, tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite3"
    with rehearsal(receiver, "shelf", book_path=path) as sandbox:
        before = play(sandbox, "SHELF")
    with rehearsal(receiver, "shelf", book_path=path) as sandbox:
        after = sandbox.http.get("/control/book").json()
    assert after | {"at": ""} == before | {"at": ""}
    written = path.read_bytes()
    assert SANDBOX_MERCHANT.merchant_key.encode() not in written
    assert SANDBOX_MERCHANT.merchant_salt.encode() not in written


def test_a_callback_still_owed_is_sent_after_a_restart(receiver: Receiver, tmp_path: Path) -> None:
    shelf = {"book_path": tmp_path / "book.sqlite3", "fault_rates": {}}
    with rehearsal(receiver, "owed", **shelf) as sandbox:
        oid, _ = sandbox.open_order()
        receiver.scripts[oid] = [(503, b"busy")] * 30
        sandbox.control(oid, "pay")
        wait_for(lambda: len(receiver.received[oid]) > 2)
    receiver.scripts[oid] = []
    with rehearsal(receiver, "owed", **shelf) as sandbox:
        assert sandbox.delivered(oid)["state"] == "paid"
        assert sandbox.control(oid, "pay").status_code == 409


def test_named_buyers_decide_and_the_rest_wait(sandbox: Sandbox) -> None:
    oids = [sandbox.open_order()[0] for _ in range(6)]
    paid = sandbox.http.post(
        "/control/orders/pay-many", json={"merchant_oids": [*oids[:4], oids[0]], "approve_rate": 1}
    ).json()
    assert paid == {"paid": oids[:4], "declined": []}
    declined = sandbox.http.post(
        "/control/orders/pay-many", json={"merchant_oids": oids[:5], "approve_rate": 0}
    ).json()
    assert declined == {"paid": [], "declined": [oids[4]]}
    assert sandbox.order(oids[5])["state"] == "open"


def test_orders_are_found_by_text_and_state_a_page_at_a_time(sandbox: Sandbox) -> None:
    oids = [sandbox.open_order(email="paging@example.com")[0] for _ in range(21)]
    sandbox.control(oids[0], "pay")
    first = sandbox.http.get("/", params={"q": "paging@"}).text
    assert oids[-1] in first
    assert oids[0] not in first
    assert "21 orders" in first
    second = sandbox.http.get("/", params={"q": "paging@", "page": 2}).text
    assert oids[0] in second
    paid = sandbox.http.get("/", params={"q": "paging@", "state": "paid"}).text
    assert oids[0] in paid
    assert "1 order<" in paid
    assert "No order matches" in sandbox.http.get("/", params={"q": "nothing like it"}).text


@pytest.mark.parametrize("path", ["/cards", "/payouts", "/faults"])
def test_the_other_pages_run_nothing_inline(sandbox: Sandbox, path: str) -> None:
    answer = sandbox.http.get(path)
    assert answer.status_code == 200
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert " style=" not in answer.text
    assert "<script>" not in answer.text


@pytest.mark.parametrize("rate", [0.0, 0.2, 1.0])
def test_a_rate_is_the_share_of_the_orders_it_strikes(rate: float) -> None:
    plan = FaultPlan("rates", {Fault.NEVER: rate, Fault.LATE: rate})
    struck = sum(plan.strikes(Fault.NEVER, f"A{number}") for number in range(2000))
    both = sum(plan.of(f"A{number}") == {Fault.NEVER, Fault.LATE} for number in range(2000))
    assert struck == pytest.approx(2000 * rate, abs=80)
    assert both == pytest.approx(2000 * rate * rate, abs=60)
