"""Misbehaviour of charges and of reports on command, as the real client's messages meet it over HTTP."""

from datetime import timedelta

import pytest

from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages.paths import TRANSACTIONS_PATH
from app.domain.payments.paytr.messages.reports import read_transactions, transactions_form
from app.domain.payments.values import ReportedTransaction
from app.lib.clock import now
from app.lib.ids import random_reference
from tests.sandbox.conftest import Sandbox
from tests.sandbox.shop import charge, keep, status_of


@pytest.mark.parametrize(
    ("fault", "state", "said"),
    [("wait_then_paid", "paid", "success"), ("wait_then_failed", "declined", "failed")],
)
def test_a_charge_can_wait_for_its_callback_and_end_either_way(
    sandbox: Sandbox, fault: str, state: str, said: str
) -> None:
    oid = random_reference("WAIT")
    sandbox.expect(merchant_oid=oid, faults=[fault])
    _, answer = charge(sandbox, keep(sandbox), merchant_oid=oid)
    assert answer["status"] == "wait_callback"
    assert sandbox.order(oid)["state"] == "open"
    assert status_of(sandbox, oid)["err_no"] == "004"
    view = sandbox.delivered(oid)
    assert (view["state"], view["callbacks"][0]["form"]["status"]) == (state, said)


def test_a_charge_can_be_told_by_callback_before_its_answer(sandbox: Sandbox) -> None:
    oid = random_reference("SOON")
    sandbox.expect(merchant_oid=oid, faults=["early"])
    _, answer = charge(sandbox, keep(sandbox), merchant_oid=oid)
    assert answer["status"] == "success"
    assert [form["status"] for form in sandbox.receiver.received[oid]] == ["success"]


def test_a_charge_without_an_answer_was_made_all_the_same(sandbox: Sandbox) -> None:
    oid = random_reference("LOST")
    sandbox.expect(merchant_oid=oid, faults=["never"])
    sandbox.expect(path="/odeme", faults=["not_json"])
    with pytest.raises(ValueError, match="Expecting value"):
        charge(sandbox, keep(sandbox), merchant_oid=oid)
    assert status_of(sandbox, oid)["payment_total"] == "870"


@pytest.mark.parametrize("fault", ["row_missing", "row_doubled", "row_amount", "row_date", "row_currency"])
def test_a_report_can_be_wrong_about_one_order(sandbox: Sandbox, fault: str) -> None:
    oid, _ = sandbox.open_order()
    sandbox.control(oid, "pay")
    (true,) = reported(sandbox, oid)
    sandbox.http.put(f"/control/orders/{oid}/faults", json={"faults": [fault]})
    told = reported(sandbox, oid)
    expected = {
        "row_missing": not told,
        "row_doubled": told == [true, true],
        "row_amount": [(row.amount != true.amount, row.day) for row in told] == [(True, true.day)],
        "row_date": [(row.amount, row.day != true.day) for row in told] == [(true.amount, True)],
        "row_currency": [(row.amount, row.currency) for row in told] == [(true.amount, "USD")],
    }
    assert expected[fault], told


def reported(sandbox: Sandbox, oid: str) -> list[ReportedTransaction]:
    """Return what the transaction report says of an order."""
    form = transactions_form(SANDBOX_MERCHANT, now() - timedelta(days=1), now() + timedelta(minutes=1))
    report = read_transactions(sandbox.http.post(TRANSACTIONS_PATH, data=form).text)
    return [row for row in report.rows if row.merchant_oid == oid]
