"""`tezgah paytr status` and `tezgah paytr check`, against a sandbox and real servers on loopback."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from tests.sandbox.conftest import Sandbox, free_port


@dataclass
class Shop:
    """A shop's settings, and its command line."""

    sandbox: Sandbox
    environment: dict[str, str]

    def run(self, *words: str, **settings: str) -> Result:
        return CliRunner().invoke(main, ["paytr", *words], env={**self.environment, **settings})

    def check(self, **settings: str) -> tuple[int, dict[str, dict[str, str]]]:
        answer = self.run("check", "--json", **settings)
        assert answer.stderr == ""
        return answer.exit_code, {row["check"]: row for row in json.loads(answer.stdout)}


@pytest.fixture
def shop(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.chdir(tmp_path)  # no `.env` of this checkout
    with answering(400) as url:
        yield Shop(
            sandbox,
            {
                "TEZGAH_ENV": "test",
                "TEZGAH_HOME": str(tmp_path),
                "TEZGAH_PAYTR_BASE_URL": sandbox.url,
                "TEZGAH_PUBLIC_URL": url,
            },
        )


@contextmanager
def answering(status: int) -> Iterator[str]:
    """Serve one status to whatever is posted, and give the address."""
    received: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Location", "https://elsewhere.example/")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the test output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(timeout=5)
    server.server_close()
    assert all(b"hash=forged" in body for body in received)


def credentials(**changes: str) -> dict[str, str]:
    given = {
        "TEZGAH_PAYTR_MERCHANT_ID": SANDBOX_MERCHANT.merchant_id,
        "TEZGAH_PAYTR_MERCHANT_KEY": SANDBOX_MERCHANT.merchant_key,
        "TEZGAH_PAYTR_MERCHANT_SALT": SANDBOX_MERCHANT.merchant_salt,
    }
    return {**given, **{f"TEZGAH_PAYTR_MERCHANT_{name}": value for name, value in changes.items()}}


def test_a_paid_attempt_is_shown_in_lira_to_people_and_in_kurus_to_programs(shop: Shop) -> None:
    oid, _ = shop.sandbox.open_order(amount=87005)
    shop.sandbox.control(oid, "pay", total_amount=91234).raise_for_status()
    told = shop.run("status", oid)
    assert (told.exit_code, told.stderr) == (0, "")
    assert {"found: yes", "amount: 870.05", "total: 912.34", "currency: TRY", "test_mode: yes"} <= set(
        told.stdout.splitlines()
    )
    facts: dict[str, Any] = json.loads(shop.run("status", oid, "--json").stdout)
    assert (facts["merchant_oid"], facts["found"]) == (oid, True)
    assert (facts["amount"], facts["total"], facts["returns"]) == (87005, 91234, [])
    assert facts["net"] + facts["commission"] == 91234


def test_not_found_is_an_answer_and_no_verdict(shop: Shop) -> None:
    told = shop.run("status", "NOTHING1")
    assert told.exit_code == 0
    assert "found: no" in told.stdout
    assert "does not prove" in told.stdout
    assert json.loads(shop.run("status", "NOTHING1", "--json").stdout)["found"] is False


def test_a_question_that_cannot_be_asked_fails_with_a_sentence(shop: Shop) -> None:
    assert shop.run("status", "TZG-1").exit_code == 2
    refused = shop.run("status", "A1", **credentials(KEY="wrong"))
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "003" in refused.stderr
    nowhere = shop.run("status", "A1", TEZGAH_PAYTR_BASE_URL=f"http://127.0.0.1:{free_port()}")
    assert nowhere.exit_code == 1
    assert "/odeme/durum-sorgu" in nowhere.stderr
    assert "TEZGAH_PAYTR_BASE_URL" in shop.run("status", "A1", TEZGAH_PAYTR_BASE_URL="").stderr


def test_a_right_connection_passes_and_what_no_question_can_tell_is_said(shop: Shop) -> None:
    code, found = shop.check()
    assert code == 0
    assert {part: row["state"] for part, row in found.items()} == {
        "credentials": "ok",
        "stored cards": "ok",
        "BIN query": "ok",
        "reports": "ok",
        "recurring charges": "cannot be known",
        "callback address": "ok",
    }
    assert all(row["advice"] for row in found.values())
    lines = shop.run("check").stdout.splitlines()
    assert [line.split("  ")[0] for line in lines].count("ok") == 5


@pytest.mark.parametrize(
    ("changes", "blamed"),
    [
        ({"ID": "999999"}, "TEZGAH_PAYTR_MERCHANT_ID"),
        ({"KEY": "mistyped"}, "TEZGAH_PAYTR_MERCHANT_KEY"),
        ({"SALT": "mistyped"}, "TEZGAH_PAYTR_MERCHANT_SALT"),
    ],
)
def test_a_wrong_credential_is_named(shop: Shop, changes: dict[str, str], blamed: str) -> None:
    code, found = shop.check(**credentials(**changes))
    assert code == 1
    assert found["credentials"]["state"] == "not ok"
    assert blamed in found["credentials"]["advice"]
    assert found["stored cards"]["state"] == "cannot be known"
    assert "mistyped" not in str(found)


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (200, "not refused"),
        (302, "TEZGAH_PUBLIC_URL"),
        (403, "turns PayTR away"),
        (404, "not behind this address"),
        (500, "log"),
    ],
)
def test_a_callback_address_that_does_not_refuse_a_forgery_is_not_ok(
    shop: Shop, status: int, word: str
) -> None:
    with answering(status) as url:
        code, found = shop.check(TEZGAH_PUBLIC_URL=url)
    assert (code, found["callback address"]["state"]) == (1, "not ok")
    assert str(status) in found["callback address"]["advice"]
    assert word in found["callback address"]["advice"]


def test_a_callback_address_where_nothing_listens_is_not_ok(shop: Shop) -> None:
    code, found = shop.check(TEZGAH_PUBLIC_URL=f"http://127.0.0.1:{free_port()}")
    assert (code, found["callback address"]["state"]) == (1, "not ok")
    assert "Nothing answers" in found["callback address"]["advice"]


def test_a_paytr_that_does_not_answer_is_not_ok(shop: Shop) -> None:
    code, found = shop.check(TEZGAH_PAYTR_BASE_URL=f"http://127.0.0.1:{free_port()}")
    assert (code, found["credentials"]["state"]) == (1, "not ok")
    assert "TEZGAH_PAYTR_BASE_URL" in found["credentials"]["advice"]
