"""A document is drawn only when its lines add up to its totals."""

from dataclasses import replace

import pytest

from app.domain.invoices.document import Line, Party, TotalsDisagree, VatGroup
from tests.unit.invoices.samples import invoice, line


@pytest.mark.parametrize("field", ["net", "vat", "total"])
def test_a_total_one_kurus_off_is_refused(field: str) -> None:
    document = invoice()
    with pytest.raises(TotalsDisagree, match=field):
        replace(document, **{field: getattr(document, field) + 1})


def test_a_line_that_does_not_add_up_is_refused() -> None:
    with pytest.raises(TotalsDisagree, match="is not 120"):
        Line("Team", 1, 100, 100, 2000, 19, 120)


def test_a_line_below_zero_is_refused() -> None:
    with pytest.raises(TotalsDisagree, match="negative"):
        Line("Team", 1, 100, -100, 2000, -20, -120)
    with pytest.raises(TotalsDisagree, match="no quantity"):
        Line("Team", 0, 0, 0, 2000, 0, 0)


def test_a_document_without_lines_is_refused() -> None:
    with pytest.raises(TotalsDisagree, match="no lines"):
        replace(invoice(), lines=(), net=0, vat=0, total=0)


def test_vat_is_broken_down_by_rate_highest_first() -> None:
    document = invoice(lines=(line(net=100_00, rate=1000), line(net=725_00), line(net=10_00, rate=1000)))
    assert document.vat_groups() == [VatGroup(2000, 725_00, 145_00), VatGroup(1000, 110_00, 11_00)]


def test_a_party_is_read_from_the_snapshot_of_an_invoice() -> None:
    snapshot = {"name": "Işık A.Ş.", "tax_number": "1460415308", "address": None, "city_code": 34}
    assert Party.from_snapshot(snapshot) == Party("Işık A.Ş.", tax_number="1460415308")
