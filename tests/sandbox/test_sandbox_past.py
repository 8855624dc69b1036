"""A past of one's own: entered once, and then as true as anything that was paid here."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages import reports, status
from app.lib.clock import ISTANBUL
from app.lib.ids import random_reference
from tests.sandbox.conftest import Receiver, Sandbox
from tests.sandbox.shop import give_back
from tests.sandbox.test_sandbox_book import rehearsal

LONG_AGO = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def enter(sandbox: Sandbox, *orders: dict[str, Any]) -> httpx.Response:
    return sandbox.http.post("/control/orders", json=orders)


def order(**facts: Any) -> dict[str, Any]:
    """A payment of ₺870 on a Monday in March, unless told otherwise."""
    return {
        "merchant_oid": random_reference("OLD"),
        "amount": 87000,
        "at": LONG_AGO.isoformat(),
        "email": "owner@example.com",
        **facts,
    }


def rows_of_the_day(sandbox: Sandbox, day: datetime) -> list[tuple[str, bool, int, int]]:
    start = day.astimezone(ISTANBUL).replace(hour=0, minute=0)
    form = reports.transactions_form(SANDBOX_MERCHANT, start, start + timedelta(days=1, seconds=-1))
    answer = sandbox.http.post("/rapor/islem-dokumu", data=form).text
    return [
        (row.merchant_oid, row.is_refund, row.amount, row.commission)
        for row in reports.read_transactions(answer).rows
    ]


def test_a_past_payment_is_known_to_the_status_query_to_the_reports_and_to_the_payouts(
    receiver: Receiver,
) -> None:
    sold = order(total_amount=90000, installment_count=3)
    with rehearsal(receiver, "past", fault_rates={}) as sandbox:
        assert enter(sandbox, sold).json() == {"entered": [sold["merchant_oid"]], "known": []}
        oid = sold["merchant_oid"]
        asked = sandbox.http.post("/odeme/durum-sorgu", data=status.status_form(SANDBOX_MERCHANT, oid))
        inquiry = status.read_inquiry(asked.text)
        assert (inquiry.found, inquiry.amount, inquiry.total) == (True, 87000, 90000)
        commission = sandbox.http.get("/control/book").json()["orders"][0]["commission"]
        assert rows_of_the_day(sandbox, LONG_AGO) == [(oid, False, 90000, commission)]
        (payout,) = sandbox.http.get("/control/book").json()["payouts"]
        assert (payout["day"], payout["net"]) == ("2026-03-03", 90000 - commission)


def test_entering_a_past_again_changes_nothing_and_calls_nobody(sandbox: Sandbox) -> None:
    paid, declined = order(), order(state="declined", reason_code="10")
    oids = [paid["merchant_oid"], declined["merchant_oid"]]
    assert enter(sandbox, paid, declined).json()["entered"] == oids
    before = [sandbox.order(oid) for oid in oids]
    again = enter(sandbox, {**paid, "amount": 1}, declined).json()
    assert again == {"entered": [], "known": oids}
    assert [sandbox.order(oid) for oid in oids] == before
    assert [view["state"] for view in before] == ["paid", "declined"]
    assert all(view["callbacks"][0]["accepted"] for view in before)
    assert not any(sandbox.receiver.received[oid] for oid in oids)


def test_a_callback_that_was_never_accepted_is_sent_now(sandbox: Sandbox) -> None:
    owed = order(callback_accepted=False)
    enter(sandbox, owed).raise_for_status()
    sandbox.delivered(owed["merchant_oid"])
    (form,) = sandbox.receiver.received[owed["merchant_oid"]]
    assert (form["status"], form["total_amount"]) == ("success", "87000")


def test_a_past_payment_is_refunded_as_far_as_its_own_past_left_it(sandbox: Sandbox) -> None:
    refund = {"amount": 30000, "at": (LONG_AGO + timedelta(days=1)).isoformat(), "reference": "OLDREF"}
    sold, recent = order(refunds=[refund]), order(at=datetime.now(UTC).isoformat())
    enter(sandbox, sold, recent).raise_for_status()
    oid = sold["merchant_oid"]
    assert sandbox.order(oid)["refunds"][0]["reference"] == "OLDREF"
    assert give_back(sandbox, oid, 57001, "R1")["err_no"] == "009"
    assert give_back(sandbox, oid, 57000, "R2")["status"] == "success"


def test_a_past_outlives_the_process_when_the_book_is_kept(receiver: Receiver, tmp_path: Path) -> None:
    shelf = {"book_path": tmp_path / "book.sqlite3", "fault_rates": {}}
    sold = order(channel="stored_card")
    with rehearsal(receiver, "kept", **shelf) as sandbox:
        enter(sandbox, sold).raise_for_status()
        before = sandbox.order(sold["merchant_oid"])
    with rehearsal(receiver, "kept", **shelf) as sandbox:
        after = sandbox.order(sold["merchant_oid"])
    assert after | {"frame_url": ""} == before | {"frame_url": ""}
    assert not receiver.received[sold["merchant_oid"]]


@pytest.mark.parametrize(
    "facts",
    [
        {"merchant_oid": "with-a-dash"},
        {"at": "2026-03-02T09:30:00"},
        {"at": "2999-01-01T00:00:00+00:00"},
        {"amount": 0},
        {"currency": "TRY"},
        {"merchant_id": "999999"},
        {"state": "open"},
        {"refunds": [{"amount": 87001, "at": "2026-03-03T00:00:00+00:00"}]},
        {"refunds": [{"amount": 1, "at": "2026-03-01T00:00:00+00:00"}]},
        {"state": "declined", "refunds": [{"amount": 1, "at": "2026-03-03T00:00:00+00:00"}]},
        {"paid_at": "2026-03-02T09:30:00+00:00"},
    ],
)
def test_a_past_that_cannot_have_been_is_refused_whole(sandbox: Sandbox, facts: dict[str, Any]) -> None:
    right, wrong = order(), order(**facts)
    assert enter(sandbox, right, wrong).status_code == 400
    assert sandbox.http.get(f"/control/orders/{right['merchant_oid']}").status_code == 404


def test_an_oid_stands_in_a_past_once(sandbox: Sandbox) -> None:
    once = order()
    assert enter(sandbox, once, once).status_code == 400
