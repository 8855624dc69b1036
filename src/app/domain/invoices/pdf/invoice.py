"""The face of an invoice: who sells to whom, for what, how much, and that it is paid."""

from io import BytesIO

from reportlab.pdfgen.canvas import Canvas

from app.domain.invoices.document import InvoiceDocument, Party
from app.domain.invoices.pdf.closing import closing_height, draw_closing
from app.domain.invoices.pdf.fonts import wrap
from app.domain.invoices.pdf.pages import HEADER_HEIGHT, draw_table, paginate, rows_of
from app.domain.invoices.pdf.sheet import (
    BODY,
    BRAND,
    CONTENT_WIDTH,
    HEADING,
    HEIGHT,
    LEFT,
    MUTED,
    RIGHT,
    SHADE,
    SMALL,
    STRONG,
    TITLE,
    WIDTH,
    Sheet,
)
from app.lib.clock import ISTANBUL
from app.lib.i18n import format_date, translate, translator

BRAND_NAME = "Tezgâh"
PARTY_WIDTH = 232.0
PARTY_TOP = 122.0
CONTINUED_TOP = 92.0
FOOTER_TOP = HEIGHT - 62
FACTS_HEIGHT = 46.0
REASON_LINE = 32.0


def draw(document: InvoiceDocument) -> bytes:
    """Return the PDF; everything in it, its dates too, comes from the document."""
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=(WIDTH, HEIGHT), pageCompression=1, invariant=1, lang=document.language)
    describe(canvas, document)
    sheet = Sheet(canvas)
    parties = [party_lines(document, party) for party in (document.seller, document.buyer)]
    facts_top = PARTY_TOP + 18 + max(party_height(lines) for lines in parties) + 8
    table_top = facts_top + facts_height(document) + 18
    pages = paginate(
        rows_of(document),
        FOOTER_TOP - table_top - HEADER_HEIGHT,
        FOOTER_TOP - CONTINUED_TOP - HEADER_HEIGHT,
        closing_height(document),
    )
    for number, rows in enumerate(pages, start=1):
        draw_head(sheet, document)
        if number == 1:
            draw_parties(sheet, document, parties)
            draw_facts(sheet, document, facts_top)
        top = table_top if number == 1 else CONTINUED_TOP
        end = draw_table(sheet, document, rows, top) if rows else top
        if number == len(pages):
            draw_closing(sheet, document, end)
        draw_footer(sheet, document, number, len(pages))
        sheet.next_page()
    canvas.save()
    return buffer.getvalue()


def describe(canvas: Canvas, document: InvoiceDocument) -> None:
    """Set what a reader's "document properties" show; the dates are the invoice's own."""
    canvas.setTitle(f"{title_of(document)} {document.number}")
    canvas.setAuthor(document.seller.name)
    canvas.setSubject(document.buyer.name)
    canvas.setCreator(BRAND_NAME)
    canvas.setProducer(BRAND_NAME)
    stamp = document.issued_at.astimezone(ISTANBUL).strftime("D:%Y%m%d%H%M%S+03'00'")
    canvas.setDateFormatter(lambda *_: stamp)


def title_of(document: InvoiceDocument) -> str:
    """Return the name of the kind of document."""
    _ = translator(document.language).gettext
    return _("Invoice") if document.kind == "invoice" else _("Credit note")


def draw_head(sheet: Sheet, document: InvoiceDocument) -> None:
    """Draw brand, title and number: the same on every page."""
    _ = translator(document.language).gettext
    sheet.mark(LEFT, 44, 26)
    sheet.text(LEFT + 35, 62, BRAND_NAME, BRAND)
    sheet.text(RIGHT, 58, title_of(document), TITLE, "right")
    sheet.text(RIGHT, 74, document.number, HEADING.with_color(MUTED), "right")


def party_lines(document: InvoiceDocument, party: Party) -> tuple[list[str], list[str]]:
    """Return a party's name and its other facts, both broken into lines; what is not known is left out."""
    _ = translator(document.language).gettext
    number_name = "TCKN" if len(party.tax_number) == 11 else "VKN"
    office = translate(document.language, "%(office)s tax office", office=party.tax_office)
    facts = [
        party.address,
        " · ".join(
            fact
            for fact in (
                office if party.tax_office else "",
                f"{number_name} {party.tax_number}" if party.tax_number else "",
            )
            if fact
        ),
        f"MERSİS {party.mersis}" if party.mersis else "",
        " · ".join(fact for fact in (party.email, party.phone) if fact),
    ]
    name = wrap(party.name, STRONG.font, STRONG.size, PARTY_WIDTH, limit=5)
    return name, [line for fact in facts for line in wrap(fact, BODY.font, BODY.size, PARTY_WIDTH, limit=6)]


def party_height(lines: tuple[list[str], list[str]]) -> float:
    """Return the height of a party's block in points."""
    return sum(len(part) for part in lines) * BODY.leading


def draw_parties(sheet: Sheet, document: InvoiceDocument, parties: list[tuple[list[str], list[str]]]) -> None:
    """Draw seller and buyer side by side."""
    _ = translator(document.language).gettext
    lefts = (LEFT, RIGHT - PARTY_WIDTH)
    for left, label, (name, facts) in zip(lefts, (_("Seller"), _("Buyer")), parties, strict=True):
        sheet.text(left, PARTY_TOP, label, SMALL)
        top = sheet.lines(left, PARTY_TOP + 16, name, STRONG)
        sheet.lines(left, top, facts, BODY)


def facts_height(document: InvoiceDocument) -> float:
    """Return the height of the band in points."""
    return FACTS_HEIGHT + (REASON_LINE if document.reason else 0)


def draw_facts(sheet: Sheet, document: InvoiceDocument, top: float) -> None:
    """Draw the band with date, period, currency and, on a credit note, what it corrects and why."""
    _ = translator(document.language).gettext
    language = document.language
    period = f"{format_date(document.period_start, language)} – {format_date(document.period_end, language)}"
    facts = [(_("Issued on"), format_date(document.issued_at, language)), (_("Service period"), period)]
    if document.corrects_number:
        facts.append((_("Corrects invoice"), document.corrects_number))
    else:
        facts.append((_("Currency"), document.currency))
    sheet.box(LEFT, top, CONTENT_WIDTH, facts_height(document), fill=SHADE, radius=6)
    for left, (label, value) in zip((LEFT + 12, LEFT + 142, LEFT + 368), facts, strict=True):
        sheet.text(left, top + 18, label, SMALL)
        sheet.text(left, top + 33, value, STRONG)
    if document.reason:
        sheet.text(LEFT + 12, top + 50, _("Reason"), SMALL)
        reason = wrap(document.reason, STRONG.font, STRONG.size, CONTENT_WIDTH - 24, limit=1)
        sheet.lines(LEFT + 12, top + 65, reason, STRONG)


def draw_footer(sheet: Sheet, document: InvoiceDocument, number: int, count: int) -> None:
    """Draw who sells, what this paper is not, and the page number."""
    _ = translator(document.language).gettext
    seller = document.seller
    facts = (seller.name, f"MERSİS {seller.mersis}" if seller.mersis else "", seller.email, seller.phone)
    sheet.rule(FOOTER_TOP + 6)
    page = translate(document.language, "Page %(number)s of %(count)s", number=number, count=count)
    sheet.text(RIGHT, FOOTER_TOP + 19, page, SMALL, "right")
    line = " · ".join(fact for fact in facts if fact)
    sheet.lines(LEFT, FOOTER_TOP + 19, wrap(line, SMALL.font, SMALL.size, 420, limit=1), SMALL)
    note = _(
        "Information copy of the invoice in our records. This PDF is not itself an e-Fatura or e-Arşiv "
        "document (UBL-TR) and does not replace one."
    )
    sheet.lines(LEFT, FOOTER_TOP + 30, wrap(note, SMALL.font, SMALL.size, CONTENT_WIDTH), SMALL)
