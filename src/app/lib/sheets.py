"""Rows as files for spreadsheets: CSV as Excel opens it in Türkiye, XLSX for everybody else (ADR 0019)."""

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from io import BytesIO, StringIO

import xlsxwriter

from app.lib.clock import ISTANBUL
from app.lib.money import Money

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel takes UTF-8 for the Windows code page and breaks ş, ğ and ı."""
ACTIVE_CHARACTERS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet run a cell instead of showing it (OWASP, CSV injection)."""
BOLD, AMOUNT, DAY = {"bold": True}, {"num_format": "#,##0.00"}, {"num_format": "yyyy-mm-dd"}
COLUMN_WIDTH = 18

Cell = str | date | Money | None
"""What a cell holds; text is text whatever it begins with."""


def as_csv(titles: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return rows with semicolons, decimal commas and a byte order mark."""
    return BYTE_ORDER_MARK + csv_lines([titles, *rows])


def csv_lines(rows: Iterable[Sequence[Cell]]) -> str:
    """Return rows alone, as they follow each other in a file that is sent in parts."""
    sheet = StringIO()
    writer = csv.writer(sheet, delimiter=";", lineterminator="\r\n")
    for row in rows:
        writer.writerow([_text_of(cell) for cell in row])
    return sheet.getvalue()


def as_xlsx(name: str, titles: Sequence[str], rows: Iterable[Sequence[Cell]], *, at: datetime) -> bytes:
    """Return rows as a workbook of one sheet, made at `at`: amounts are numbers, and nothing is a formula."""
    file = BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.set_properties({"created": at.astimezone(ISTANBUL).replace(tzinfo=None)})
        sheet = book.add_worksheet(name)
        sheet.set_column(0, len(titles) - 1, COLUMN_WIDTH)
        sheet.freeze_panes(1, 0)
        bold, amount, day = (book.add_format(style) for style in (BOLD, AMOUNT, DAY))
        for column, title in enumerate(titles):
            sheet.write_string(0, column, title, bold)
        for line, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                match cell:
                    case Money():
                        sheet.write_number(line, column, cell.major, amount)
                    case date():
                        sheet.write_datetime(line, column, cell, day)
                    case str():
                        sheet.write_string(line, column, cell)
    return file.getvalue()


def _text_of(cell: Cell) -> str:
    match cell:
        case Money():
            return f"{cell.major:.2f}".replace(".", ",")
        case date():
            return cell.isoformat()
        case None:
            return ""
        case _:
            return f"'{cell}" if cell.startswith(ACTIVE_CHARACTERS) else cell
