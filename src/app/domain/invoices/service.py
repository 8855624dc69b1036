"""Issuing invoices. Called last in the transaction that records the money, so that its lock is short."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from app.domain.invoices.numbering import DRAW_NUMBER
from app.lib.clock import ISTANBUL
from app.lib.ids import uuid7
from app.lib.statements import Statement, Transaction, fetch

ISSUE = Statement(f"""
WITH drawn AS ({DRAW_NUMBER}),
document AS (
    INSERT INTO invoices (
        id, kind, credited, company_id, order_id, payment_id, number, series, year, sequence, status,
        seller, buyer, language, currency, net, vat, total, issued_at, issue_date, period_start, period_end,
        payment_reference
    )
    SELECT :id, 'invoice', 0, :company_id, :order_id, :payment_id,
           CAST(:series AS text) || year || lpad(CAST(last_number AS text), 9, '0'),
           :series, year, last_number, 'issued', CAST(:seller AS jsonb), CAST(:buyer AS jsonb),
           :language, :currency, :net, :vat, :total, last_issued_at,
           CAST(last_issued_at AT TIME ZONE 'Europe/Istanbul' AS date),
           :period_start, :period_end, :payment_reference
      FROM drawn
    RETURNING id
)
INSERT INTO invoice_lines (
    id, invoice_id, position, description, quantity, unit_price, net, vat, vat_basis_points, total
)
SELECT :line_id, id, 1, :description, 1, :net, :net, :vat, :vat_basis_points, :total
  FROM document
""")  # noqa: S608 constants only


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDraft:
    """Everything an invoice says but its number and date; amounts in minor units, VAT taken apart."""

    company_id: UUID
    order_id: UUID
    payment_id: UUID | None
    seller: dict[str, Any]
    buyer: dict[str, Any]
    language: str
    currency: str
    net: int
    vat: int
    vat_basis_points: int
    total: int
    description: str
    period_start: datetime
    period_end: datetime
    payment_reference: str | None


async def issue(transaction: Transaction, draft: InvoiceDraft, *, series: str, at: datetime) -> UUID:
    """Draw the next number and write the frozen document with its line; return its id."""
    invoice_id = uuid7()
    parameters = {name: getattr(draft, name) for name in draft.__slots__}
    parameters |= {
        "id": invoice_id,
        "line_id": uuid7(),
        "series": series,
        "year": at.astimezone(ISTANBUL).year,
        "at": at,
        "seller": msgspec.json.encode(draft.seller).decode(),
        "buyer": msgspec.json.encode(draft.buyer).decode(),
    }
    await fetch(transaction, ISSUE, parameters)
    return invoice_id
