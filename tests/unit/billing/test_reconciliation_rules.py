"""Two books side by side: every injected difference is found under its cause, and nothing else is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from app.db.models import DifferenceCause as Cause
from app.domain.payments.values import ReportedTransaction
from tests.unit.billing.books import (
    BEFORE,
    DAY,
    NEXT,
    OPENING,
    World,
    causes,
    net_of,
    refund,
    row_of,
    sale,
    world_of,
)


def test_equal_books_are_proven_to_the_kurus() -> None:
    comparison = world_of(sale(), sale("TZG2"), refund(), refund(amount=1)).compare()
    total = comparison.totals["TRY"]
    assert comparison.differences == []
    assert (total.sales, total.refunds, total.gross) == (594_000, 97_001, 496_999)
    assert total.gross - total.commission == total.net
    assert total.opening + total.net - total.paid_out == total.closing == total.announced_closing
    assert total.adds_up


def test_a_day_without_money_is_proven_too() -> None:
    assert World().compare().differences == []


@pytest.mark.parametrize("kind", [sale, refund])
def test_each_cause_is_named(kind: Any) -> None:
    entry = kind()
    worlds = {
        Cause.MISSING_HERE: World([], [row_of(entry)]),
        Cause.MISSING_THERE: World([entry], []),
        Cause.AMOUNT: World([entry], [row_of(entry, amount=entry.amount + 1)]),
        Cause.CURRENCY: World([entry], [row_of(entry, currency="USD")]),
        Cause.DUPLICATED: World([entry], [row_of(entry), row_of(entry)]),
        Cause.DATE: World([replace(entry, day=BEFORE)], [row_of(entry)]),
    }
    for cause, world in worlds.items():
        comparison = world.compare()
        assert causes(comparison) == [(cause.value, "TZG1")], cause
        assert comparison.differences[0].kind == kind.__name__


def test_a_payment_at_midnight_is_spoken_of_once_on_the_later_day() -> None:
    world = World([sale(), sale("TZG2")], [row_of(sale(), day=NEXT), row_of(sale("TZG2"))])
    first, second = world.compare(DAY), world.compare(NEXT)
    assert first.differences == []
    assert first.totals["TRY"].carried == -297_000
    assert causes(second) == [("date", "TZG1")]
    assert second.differences[0].facts == {"our_day": "2026-11-21", "their_day": "2026-11-22"}


def test_equal_refunds_of_one_order_are_each_their_own() -> None:
    twins = [refund(amount=500, reference="TZRA"), refund(amount=500, reference="TZRB"), refund(amount=700)]
    assert world_of(sale(), *twins).compare().differences == []
    lost = World([sale(), *twins], [row_of(entry) for entry in (sale(), twins[0], twins[2])])
    assert [(one.cause, one.theirs) for one in lost.compare().differences] == [(Cause.MISSING_THERE, None)]
    thrice = World(twins[:2], [row_of(entry) for entry in (*twins[:2], twins[0])])
    assert causes(thrice.compare()) == [("duplicated", "TZG1")]


def test_a_returned_surcharge_is_a_line_of_the_proof_and_no_difference() -> None:
    whole = refund(amount=297_000, surcharge=9_000)
    world = World(
        [sale(amount=306_000), whole], [row_of(sale(amount=306_000)), row_of(whole, amount=306_000)]
    )
    comparison = world.compare()
    assert comparison.differences == []
    assert comparison.totals["TRY"].surcharge == 9_000
    assert comparison.totals["TRY"].adds_up
    other = World(world.entries, [world.rows[0], row_of(whole, amount=305_999)])
    assert causes(other.compare()) == [("amount", "TZG1")]


def test_test_payments_stand_apart_whether_paytr_reports_them_or_not() -> None:
    trial = sale("TZGTEST", is_test=True)
    for rows in ([row_of(sale())], [row_of(sale()), row_of(trial)]):
        comparison = World([sale(), trial], rows, money=[row_of(sale())]).compare()
        assert comparison.differences == []
        assert (comparison.totals["TRY"].sales, comparison.totals["TRY"].test_sales) == (297_000, 297_000)
        assert comparison.sales_count == 1


def test_currencies_are_kept_apart() -> None:
    dollars = sale("TZG2", 9_900, currency="USD")
    comparison = world_of(sale(), dollars).compare()
    assert comparison.differences == []
    assert {currency: total.sales for currency, total in comparison.totals.items()} == {
        "TRY": 297_000,
        "USD": 9_900,
    }


def test_a_row_that_does_not_add_up_by_itself_is_a_total() -> None:
    world = World([sale()], [replace(row_of(sale()), commission=1)])
    assert [(one.cause, one.kind, one.facts) for one in world.compare().differences] == [
        (Cause.TOTAL, "sale", {"check": "row"})
    ]


def test_a_payout_that_is_not_the_sum_of_its_orders_is_a_total() -> None:
    world = world_of(sale())
    world.detail_off = -1
    (found,) = world.compare().differences
    assert (found.cause, found.facts["check"]) == (Cause.TOTAL, "payout")
    assert (found.ours or 0) - (found.theirs or 0) == 1


def test_a_kurus_that_paytr_does_not_announce_is_a_total_once() -> None:
    world = world_of(sale())
    world.announced_off = -1
    comparison = world.compare()
    (found,) = comparison.differences
    assert (found.cause, found.facts["check"]) == (Cause.TOTAL, "balance")
    assert (found.ours or 0) - (found.theirs or 0) == 1
    assert comparison.totals["TRY"].closing == found.theirs  # the next day begins with what PayTR admits


def test_money_of_later_days_is_no_difference_whether_announced_or_not_yet() -> None:
    later = sale("TZG9", day=NEXT)
    world = world_of(sale(), later)
    assert world.compare().differences == []
    lagging = World(world.entries, world.rows, money=world.rows[:1])
    assert lagging.compare().differences == []


WRONG_ROWS: dict[str, Callable[[ReportedTransaction], list[ReportedTransaction]]] = {
    "duplicated": lambda row: [row, row],
    "missing_there": lambda row: [],
    "amount": lambda row: [replace(row, amount=row.amount + 100, net=row.net + 100)],
    "currency": lambda row: [replace(row, currency="USD")],
}


@pytest.mark.parametrize("day", [DAY, NEXT])
@pytest.mark.parametrize("cause", WRONG_ROWS)
def test_a_row_that_only_the_report_has_wrong_is_one_difference(cause: str, day: date) -> None:
    entry = sale("TZG2", day=day)
    true = [row_of(sale()), row_of(entry)]
    world = World([sale(), entry], [true[0], *WRONG_ROWS[cause](true[1])], money=true)
    first = world.compare(DAY)
    assert causes(first) == ([(cause, "TZG2")] if day == DAY else [])
    owed = OPENING + sum(net_of(row) for row in true if row.day == DAY)
    assert first.totals["TRY"].closing == owed - first.totals["TRY"].paid_out


def test_without_an_opening_balance_the_day_begins_with_what_its_end_implies() -> None:
    world = world_of(sale())
    world.opening = None
    comparison = world.compare()
    assert comparison.differences == []
    assert (comparison.totals["TRY"].opening, comparison.totals["TRY"].opening_is_known) == (OPENING, False)


def test_a_sale_met_on_its_own_day_makes_a_later_row_a_repeat() -> None:
    met = sale(day=DAY - timedelta(days=9), has_met=True)
    assert causes(World([met], [row_of(sale())]).compare()) == [("duplicated", "TZG1")]
    unmet = replace(met, has_met=False)
    assert causes(World([unmet], [row_of(sale())]).compare()) == [("date", "TZG1")]
