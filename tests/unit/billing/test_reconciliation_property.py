"""Random books broken at random: exactly what was broken is found, and the sums add up all the same."""

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from app.db.models import DifferenceCause as Cause
from app.domain.billing.reconciliation.rules import Entry
from app.domain.payments.values import (
    ReportedTransaction,
)
from tests.unit.billing.books import (
    BEFORE,
    World,
    refund,
    row_of,
    sale,
)

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
        if off := draw(st.sampled_from((0, 0, 0, -101, 137))):
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
