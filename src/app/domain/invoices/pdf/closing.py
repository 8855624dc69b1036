"""What closes an invoice: VAT by rate, totals, the amount in words, and the stamp that it is paid."""

from app.domain.invoices.document import InvoiceDocument
from app.domain.invoices.pdf.fonts import wrap
from app.domain.invoices.pdf.pages import percent
from app.domain.invoices.pdf.sheet import BODY, LEFT, MUTED, PAID, RIGHT, SMALL, STRONG, TOTAL, Sheet
from app.domain.invoices.pdf.words import amount_in_words
from app.lib.i18n import format_datetime, format_money, translate, translator

TOTALS_LEFT = RIGHT - 232
TOTALS_LINE = 18.0
STAMP_WIDTH = 226.0
STAMP_HEIGHT = 50.0


def closing_height(document: InvoiceDocument) -> float:
    """Return how many points the closing takes below the table."""
    totals = 24 + (1 + len(document.vat_groups())) * TOTALS_LINE + 34
    words = len(words_of(document)) * BODY.leading + 20
    return max(totals, STAMP_HEIGHT + 14) + words + 8


def draw_closing(sheet: Sheet, document: InvoiceDocument, top: float) -> None:
    """Draw the totals at the right, the stamp at the left, the words below both."""
    end = draw_totals(sheet, document, top + 24)
    if document.paid_at:
        draw_stamp(sheet, document, top + 14)
    below = max(end, top + 14 + STAMP_HEIGHT) + 20
    sheet.lines(RIGHT - 8, below, words_of(document), BODY.with_color(MUTED), "right")


def words_of(document: InvoiceDocument) -> list[str]:
    """Return the total in words, broken into lines."""
    words = amount_in_words(document.money(document.total), document.language)
    return wrap(words, BODY.font, BODY.size, RIGHT - LEFT)


def draw_totals(sheet: Sheet, document: InvoiceDocument, top: float) -> float:
    """Draw net, VAT at each rate and the total; return where they end."""
    _ = translator(document.language).gettext
    entries = [(_("Subtotal without VAT"), document.net)]
    for group in document.vat_groups():
        label = translate(
            document.language,
            "VAT %(rate)s on %(net)s",
            rate=percent(group.basis_points, document.language),
            net=format_money(document.money(group.net), document.language),
        )
        entries.append((label, group.vat))
    for label, amount in entries:
        sheet.text(TOTALS_LEFT, top, label, BODY.with_color(MUTED))
        sheet.text(RIGHT - 8, top, format_money(document.money(amount), document.language), BODY, "right")
        top += TOTALS_LINE
    sheet.rule(top - 8, left=TOTALS_LEFT)
    total = format_money(document.money(document.total), document.language)
    label = _("Total with VAT") if document.kind == "invoice" else _("Total credited")
    sheet.text(TOTALS_LEFT, top + 12, label, STRONG)
    sheet.text(RIGHT - 8, top + 12, total, TOTAL, "right")
    return top + 12


def draw_stamp(sheet: Sheet, document: InvoiceDocument, top: float) -> None:
    """Draw that and when the money moved, with the reference both sides can find it by."""
    _ = translator(document.language).gettext
    sheet.box(LEFT, top, STAMP_WIDTH, STAMP_HEIGHT, stroke=PAID, radius=6)
    if document.is_kept_as_credit:
        word = _("Kept as credit")
    else:
        word = _("Paid") if document.kind == "invoice" else _("Refunded")
    sheet.text(LEFT + 12, top + 21, word, TOTAL.with_color(PAID))
    if document.paid_at:
        when = format_datetime(document.paid_at, document.language)
        sheet.text(LEFT + STAMP_WIDTH - 12, top + 21, when, BODY, "right")
    if document.payment_reference:
        reference = translate(
            document.language, "Payment reference %(reference)s", reference=document.payment_reference
        )
        lines = wrap(reference, SMALL.font, SMALL.size, STAMP_WIDTH - 24, limit=1)
        sheet.lines(LEFT + 12, top + 38, lines, SMALL)
