"""Files for spreadsheets: no text becomes a formula, and no amount loses a kuruş."""

import csv
import zipfile
from datetime import UTC, date, datetime
from io import BytesIO, StringIO

import pytest

from app.lib.money import Money
from app.lib.sheets import BYTE_ORDER_MARK, Cell, as_csv, as_xlsx

AT = datetime(2026, 11, 22, tzinfo=UTC)
ACTIVE = ["=1+1", "+90 216", "-5", "@SUM(A1)", "\t=1", '=HYPERLINK("http://example.com")']


def xml_of(book: bytes, name: str) -> str:
    with zipfile.ZipFile(BytesIO(book)) as archive:
        return archive.read(name).decode()


@pytest.mark.parametrize("text", ACTIVE)
def test_no_text_is_run(text: str) -> None:
    rows: list[list[Cell]] = [[text]]
    (_, (cell,)) = csv.reader(StringIO(as_csv(["Title"], rows)), delimiter=";")
    assert cell == f"'{text}"
    book = as_xlsx("Sheet", ["Title"], rows, at=AT)
    assert "<f>" not in xml_of(book, "xl/worksheets/sheet1.xml")
    assert "hyperlink" not in xml_of(book, "xl/worksheets/sheet1.xml")


def test_a_csv_is_written_as_excel_reads_it_in_turkiye() -> None:
    text = as_csv(["Tutar", "Gün"], [[Money(-123_456), date(2026, 11, 22)], [None, 'şğı; "x"']])
    assert text == f'{BYTE_ORDER_MARK}Tutar;Gün\r\n-1234,56;2026-11-22\r\n;"şğı; ""x"""\r\n'


def test_amounts_and_days_are_numbers_in_a_workbook() -> None:
    book = as_xlsx("Ekstre", ["Tutar"], [[Money(99_999_999_999_99), date(2026, 11, 22), None]], at=AT)
    sheet = xml_of(book, "xl/worksheets/sheet1.xml")
    assert "<v>99999999999.99</v>" in sheet
    assert "<v>46348</v>" in sheet


def test_the_same_rows_give_the_same_workbook() -> None:
    assert as_xlsx("A", ["B"], [["c"]], at=AT) == as_xlsx("A", ["B"], [["c"]], at=AT)
