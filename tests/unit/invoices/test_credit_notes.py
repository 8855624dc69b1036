"""However an invoice is taken back, its credit notes add up to it to the kuruş."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.domain.invoices.credit_notes import split_of
from app.lib.money import split_any_gross


@st.composite
def invoices_in_parts(draw: st.DrawFn) -> tuple[int, list[int]]:
    """Return a gross and the amounts, one after the other, by which all of it is taken back."""
    total = draw(st.integers(min_value=1, max_value=10**9))
    cuts = draw(st.sets(st.integers(min_value=0, max_value=total), max_size=12)) | {0, total}
    edges = sorted(cuts)
    return total, [after - before for before, after in pairwise(edges)]


@given(invoice=invoices_in_parts(), rate=st.sampled_from([0, 100, 1000, 2000]))
def test_any_parts_of_an_invoice_add_up_to_its_net_and_vat(invoice: tuple[int, list[int]], rate: int) -> None:
    total, amounts = invoice
    whole, credited = split_any_gross(total, rate), 0
    notes = []
    for amount in amounts:
        note = split_of(total=total, vat=whole.vat, credited=credited, amount=amount)
        assert note.gross == amount
        assert min(note.net, note.vat) >= 0
        credited += amount
        notes.append(note)
    assert (sum(note.net for note in notes), sum(note.vat for note in notes)) == (whole.net, whole.vat)


def test_a_third_three_times_leaves_the_remainder_to_the_last() -> None:
    notes = [split_of(total=87_000, vat=14_500, credited=29_000 * n, amount=29_000) for n in range(3)]
    assert [(note.net, note.vat) for note in notes] == [(24_167, 4_833), (24_166, 4_834), (24_167, 4_833)]
