"""Two books side by side: every injected difference is found under its cause, and nothing else is."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.db.models import DifferenceCause as Cause
from app.domain.billing.reconciliation_proof import Comparison, Reports, compare
from app.domain.billing.reconciliation_rules import Entry
from app.domain.payments.values import (
    PayoutDetail,
    PayoutLine,
    PayoutStatement,
    ReportedPayout,
    ReportedTransaction,
)

DAY = date(2026, 11, 21)
NEXT = DAY + timedelta(days=1)
BEFORE = DAY - timedelta(days=1)
OPENING = 50_000


def sale(oid: str = "TZG1", amount: int = 297_000, day: date = DAY, **facts: Any) -> Entry:
    defaults: dict[str, Any] = {"is_refund": False, "currency": "TRY"}
    return Entry(merchant_oid=oid, amount=amount, day=day, **(defaults | facts))


def refund(oid: str = "TZG1", amount: int = 97_000, day: date = DAY, **facts: Any) -> Entry:
    return sale(oid, amount, day, **{"is_refund": True, "reference": f"TZR{oid}{amount}{day:%d}"} | facts)


def row_of(entry: Entry, **changes: Any) -> ReportedTransaction:
    amount = changes.get("amount", entry.amount)
    commission = changes.pop("commission", amount * 3 // 100)
    row = ReportedTransaction(
        merchant_oid=entry.merchant_oid,
        is_refund=entry.is_refund,
        amount=amount,
        commission=commission,
        net=amount - commission,
        currency=entry.currency,
        day=entry.day,
    )
    return replace(row, **changes)


def net_of(row: ReportedTransaction) -> int:
    return -row.net if row.is_refund else row.net


@dataclass
class World:
    """Our book, and a PayTR that pays out a third of what it owes each day."""

    entries: list[Entry] = field(default_factory=list)
    rows: list[ReportedTransaction] = field(default_factory=list)
    money: list[ReportedTransaction] | None = None
    """What PayTR's payouts rest on, where its report says something else."""
    announced_off: int = 0
    detail_off: int = 0
    opening: dict[str, int] | None = field(default_factory=lambda: {"TRY": OPENING})

    def compare(self, day: date = DAY) -> Comparison:
        money = self.rows if self.money is None else self.money
        paid, coming, lines = [], [], []
        for currency in sorted({row.currency for row in money} | {"TRY"}):
            owed = OPENING if currency == "TRY" else 0
            owed += sum(net_of(row) for row in money if row.currency == currency and row.day >= day)
            payout = owed // 3
            paid.append(ReportedPayout(day, currency, payout, 0, payout))
            lines += [PayoutLine("TZG1", payout, currency)]
            later = ReportedPayout(day + timedelta(days=3), currency, 0, 0, owed - payout)
            coming.append(later)
        coming.append(ReportedPayout(day, "TRY", 0, 0, self.announced_off))
        lines.append(PayoutLine("TZG1", self.detail_off, "TRY"))
        reports = Reports(
            rows=self.rows,
            statement=PayoutStatement("", tuple(paid), tuple(coming)),
            detail=PayoutDetail("", tuple(lines)),
        )
        return compare(day, self.entries, reports, opening=self.opening)


def causes(comparison: Comparison) -> list[tuple[str, str | None]]:
    return sorted((one.cause.value, one.merchant_oid) for one in comparison.differences)


def world_of(*entries: Entry) -> World:
    return World(list(entries), [row_of(entry) for entry in entries])


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


@pytest.mark.parametrize("day", [DAY, NEXT])
def test_a_row_lost_or_doubled_by_the_report_alone_is_one_difference(day: date) -> None:
    entry = sale("TZG2", day=day)
    doubled = World([sale(), entry], [row_of(sale()), row_of(entry), row_of(entry)])
    doubled.money = doubled.rows[:2]
    lost = World([sale(), entry], [row_of(sale())], money=[row_of(sale()), row_of(entry)])
    for world, cause in ((doubled, "duplicated"), (lost, "missing_there")):
        first = world.compare(DAY)
        assert causes(first) == ([(cause, "TZG2")] if day == DAY else [])
        true_closing = OPENING + sum(net_of(row) for row in world.money or [] if row.day == DAY)
        assert first.totals["TRY"].closing == true_closing - first.totals["TRY"].paid_out


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


INJECTIONS = ("none", *(cause.value for cause in Cause if cause is not Cause.TOTAL))


@st.composite
def books(draw: st.DrawFn) -> tuple[World, Counter[tuple[str, str | None]]]:
    """Draw a book, break single orders of it at random, and say what has to be found."""
    entries: list[Entry] = []
    rows: list[ReportedTransaction] = []
    expected: Counter[tuple[str, str | None]] = Counter()
    for number in range(draw(st.integers(0, 12))):
        oid = f"TZG{number:03d}"
        currency = draw(st.sampled_from(("TRY", "TRY", "USD")))
        amount = draw(st.integers(10_000, 900_000))
        movements = [sale(oid, amount, currency=currency)]
        parts = draw(st.lists(st.integers(1, 3), max_size=4))
        movements += [
            refund(oid, part * 1_000, currency=currency, reference=f"TZR{number}{place}")
            for place, part in enumerate(parts)
        ]
        injected = draw(st.sampled_from(INJECTIONS))
        victim = draw(st.sampled_from(movements))
        others = [movement for movement in movements if movement is not victim]
        # a refund that only PayTR has is told from a repeat by its amount alone
        twins = any((one.is_refund, one.amount) == (victim.is_refund, victim.amount) for one in others)
        here, there, cause = broken(victim, injected, has_twin=twins)
        entries += [*others, *here]
        rows += [*map(row_of, others), *there]
        if cause:
            expected[cause, oid] += 1
    world = World(draw(st.permutations(entries)), draw(st.permutations(rows)))
    for name in ("announced_off", "detail_off"):
        if off := draw(st.sampled_from((0, 0, 0, -1, 37))):
            setattr(world, name, off)
            expected["total", None] += 1
    return world, expected


def broken(
    entry: Entry, injected: str, *, has_twin: bool
) -> tuple[list[Entry], list[ReportedTransaction], str | None]:
    """Return what both sides then say, and the cause by which it has to be found."""
    row = row_of(entry)
    sides: dict[str, tuple[list[Entry], list[ReportedTransaction]]] = {
        "none": ([entry], [row]),
        "missing_here": ([], [row]),
        "missing_there": ([entry], []),
        "amount": ([entry], [row_of(entry, amount=entry.amount + 7)]),
        "currency": ([entry], [replace(row, currency="EUR")]),
        "duplicated": ([entry], [row, row]),
        "date": ([replace(entry, day=BEFORE)], [row]),
    }
    cause = "duplicated" if injected == "missing_here" and has_twin else injected
    return *sides[injected], None if injected == "none" else cause


@given(books())
@settings(max_examples=150, deadline=None)
def test_exactly_the_injected_differences_are_found(
    drawn: tuple[World, Counter[tuple[str, str | None]]],
) -> None:
    world, expected = drawn
    comparison = world.compare()
    assert Counter((one.cause.value, one.merchant_oid) for one in comparison.differences) == expected


@given(books())
@settings(max_examples=80, deadline=None)
def test_the_proof_adds_up_whatever_is_wrong(
    drawn: tuple[World, Counter[tuple[str, str | None]]],
) -> None:
    for total in drawn[0].compare().totals.values():
        assert total.ours + total.carried - total.surcharge + total.differences == total.gross
        assert total.gross - total.commission == total.net
