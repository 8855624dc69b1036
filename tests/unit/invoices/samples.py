"""Documents that the invoice tests draw."""

from datetime import UTC, datetime
from typing import Any

from app.domain.invoices.document import InvoiceDocument, Line, Party
from app.lib.money import vat_on

SELLER = Party(
    name="Tezgâh Yazılım Hizmetleri Ltd. Şti.",
    tax_office="Kadıköy",
    tax_number="3900383669",
    address="Caferağa Mah. Moda Cad. No: 12/4, Kadıköy, İstanbul",
    email="fatura@tezgah.example",
    phone="+90 216 000 00 00",
    mersis="0390038366900015",
)
BUYER = Party(
    name="Işık Ölçüm ve Şehircilik A.Ş.",
    tax_office="Üsküdar",
    tax_number="1460415308",
    address="Altunizade Mah. Kısıklı Cad. No: 7, Üsküdar, İstanbul",
    email="muhasebe@isik.example",
)
PAID_AT = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)


def line(
    description: str = "Starter, aylık", *, net: int = 725_00, quantity: int = 1, rate: int = 2000
) -> Line:
    """Return a line of `quantity` times `net`."""
    vat = vat_on(net * quantity, rate)
    return Line(description, quantity, net, net * quantity, rate, vat, net * quantity + vat)


def invoice(*, lines: tuple[Line, ...] | None = None, **changes: Any) -> InvoiceDocument:
    """Return a paid Starter month, ₺870.00, or the same with changes."""
    lines = lines or (line(),)
    facts: dict[str, Any] = {
        "number": "TZG2026000000042",
        "kind": "invoice",
        "issued_at": PAID_AT,
        "period_start": PAID_AT,
        "period_end": datetime(2026, 12, 22, 14, 5, tzinfo=UTC),
        "currency": "TRY",
        "seller": SELLER,
        "buyer": BUYER,
        "lines": lines,
        "net": sum(each.net for each in lines),
        "vat": sum(each.vat for each in lines),
        "total": sum(each.total for each in lines),
        "language": "tr",
        "payment_reference": "TZG4K2J8H7Q9W1E5R6T3Y0UI",
        "paid_at": PAID_AT,
    }
    return InvoiceDocument(**{**facts, **changes})
