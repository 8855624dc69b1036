"""The invoice as a PDF: a document of plain values in, bytes out. Knows no rows and no storage."""

from dataclasses import replace
from threading import Lock

from app.domain.invoices.document import InvoiceDocument
from app.domain.invoices.pdf.fonts import register_fonts
from app.domain.invoices.pdf.invoice import draw
from app.lib.i18n import known

# reportlab reads a font file through one shared cursor while it embeds the letters used, so two
# threads must not render at the same moment; drawing is pure Python and would not run in parallel anyway.
_drawing = Lock()


def render(document: InvoiceDocument) -> bytes:
    """Return the PDF of a document; the same document gives the same bytes, today and next year."""
    with _drawing:
        register_fonts()
        return draw(replace(document, language=known(document.language)))


def warm_up() -> None:
    """Read the fonts, which takes the first rendering about a tenth of a second; for worker start."""
    with _drawing:
        register_fonts()
