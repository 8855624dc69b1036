"""One-page invoices per second, rendered by one core, ÷ the same library writing as many words."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from app.domain.invoices.document import InvoiceDocument, Line, Party
from app.domain.invoices.pdf import render, warm_up
from app.domain.invoices.pdf.fonts import REGULAR
from bench.report import Row
from bench.stage import Stage

SECONDS = 4.0
STRINGS = 60
AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
INVOICE = InvoiceDocument(
    number="TZG2026000000001",
    kind="invoice",
    issued_at=AT,
    period_start=AT,
    period_end=AT + timedelta(days=30),
    currency="TRY",
    seller=Party(name="Tezgâh Yazılım Hizmetleri Ltd. Şti.", tax_office="Kadıköy", tax_number="1234567890"),
    buyer=Party(name="Işık Yazılım A.Ş.", address="Kadıköy, İstanbul"),
    lines=(Line("Team planı, aylık", 1, 247_500, 247_500, 2000, 49_500, 297_000),),
    net=247_500,
    vat=49_500,
    total=297_000,
    payment_reference="TZG1",
    paid_at=AT,
    language="tr",
)


def measure(stage: Stage) -> list[Row]:
    """Render invoices for some seconds, then bare pages for as long."""
    warm_up()
    invoices = per_second(lambda: render(INVOICE))
    return [Row("invoices rendered", invoices, "per s", per_second(bare_page), "reportlab, plain strings")]


def bare_page() -> bytes:
    """Write a page of strings in the same font."""
    target = BytesIO()
    canvas = Canvas(target, pagesize=A4)
    canvas.setFont(REGULAR, 9)
    for line in range(STRINGS):
        canvas.drawString(40, 800 - line * 12, "Team planı, aylık: 22 Kasım 2026 – 22 Aralık 2026")
    canvas.save()
    return target.getvalue()


def per_second(make: Callable[[], bytes]) -> float:
    """Return how many documents come out of `make` each second."""
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        make()
        count += 1
    return count / (time.perf_counter() - began)
