"""The line table: rows measured, broken over pages and drawn, with its header on every page."""

from dataclasses import dataclass

from app.domain.invoices.document import InvoiceDocument, Line
from app.domain.invoices.pdf.fonts import wrap
from app.domain.invoices.pdf.sheet import BODY, LEFT, MUTED, RIGHT, SHADE, SMALL, Sheet, Style
from app.lib.i18n import format_money, translator

DESCRIPTION_WIDTH = 190.0
# right edges of quantity, unit price, net, VAT, total
COLUMNS = (280.0, 348.0, 418.0, 478.0, RIGHT - 8)
HEADER_HEIGHT = 24.0
ROW_PADDING = 7.0
# A description longer than this goes on as a further row, so that a row always fits a page.
ROW_LINES = 30
HEADER = Style(SMALL.font, 8, 10.5, MUTED)


@dataclass(frozen=True, slots=True)
class Row:
    """What stands in one row: the description broken into lines, and the cells right of it."""

    description: list[str]
    cells: tuple[str, ...] = ()
    rate: str = ""

    @property
    def height(self) -> float:
        """Height in points; the VAT cell has two lines."""
        lines = max(len(self.description), 2 if self.rate else 1)
        return lines * BODY.leading + 2 * ROW_PADDING - 3


def rows_of(document: InvoiceDocument) -> list[Row]:
    """Return the rows of every line."""
    return [row for line in document.lines for row in rows_of_line(document, line)]


def rows_of_line(document: InvoiceDocument, line: Line) -> list[Row]:
    """Return a line as one row, or more when its description is very long."""
    lines = wrap(line.description, BODY.font, BODY.size, DESCRIPTION_WIDTH)
    amounts = (line.unit_price, line.net, line.vat, line.total)
    cells = (str(line.quantity), *(format_money(document.money(each), document.language) for each in amounts))
    first = Row(lines[:ROW_LINES], cells, percent(line.vat_basis_points, document.language))
    starts = range(ROW_LINES, len(lines), ROW_LINES)
    return [first, *(Row(lines[start : start + ROW_LINES]) for start in starts)]


def paginate(rows: list[Row], first: float, other: float, closing: float) -> list[list[Row]]:
    """Spread rows over pages with `first` and `other` points of room; the last keeps `closing` free.

    The totals never stand alone: when they do not fit, the last row goes over with them.
    """
    pages: list[list[Row]] = [[]]
    room = first
    for row in rows:
        if pages[-1] and row.height > room:
            pages.append([])
            room = other
        pages[-1].append(row)
        room -= row.height
    if room < closing and len(pages[-1]) > 1:
        pages.append([pages[-1].pop()])
    elif room < closing:
        pages.append([])
    return pages


def draw_table(sheet: Sheet, document: InvoiceDocument, rows: list[Row], top: float) -> float:
    """Draw the header and rows; return where the table ends."""
    draw_header(sheet, document, top)
    top += HEADER_HEIGHT
    for row in rows:
        draw_row(sheet, row, top)
        top += row.height
        sheet.rule(top)
    return top


def draw_header(sheet: Sheet, document: InvoiceDocument, top: float) -> None:
    """Draw the names of the columns on a shaded band."""
    _ = translator(document.language).gettext
    sheet.box(LEFT, top, RIGHT - LEFT, HEADER_HEIGHT, fill=SHADE)
    sheet.text(LEFT + 8, top + 15, _("Description"), HEADER)
    names = (_("Quantity"), _("Unit price"), _("Net amount"), _("VAT"), _("Total"))
    for name, right in zip(names, COLUMNS, strict=True):
        sheet.text(right, top + 15, name, HEADER, "right")


def draw_row(sheet: Sheet, row: Row, top: float) -> None:
    """Draw one row."""
    baseline = top + ROW_PADDING + BODY.size
    sheet.lines(LEFT + 8, baseline, row.description, BODY)
    for cell, right in zip(row.cells, COLUMNS, strict=False):
        sheet.text(right, baseline, cell, BODY, "right")
    sheet.text(COLUMNS[3], baseline + BODY.leading - 1, row.rate, SMALL, "right")


def percent(basis_points: int, language: str) -> str:
    """Return a rate as written in the language: `%20`, `20%`, `%10,5`."""
    whole, hundredths = divmod(basis_points, 100)
    fraction = f"{hundredths:02d}".rstrip("0")
    point = "," if language == "tr" else "."
    digits = f"{whole}{point}{fraction}" if fraction else str(whole)
    return f"%{digits}" if language == "tr" else f"{digits}%"
