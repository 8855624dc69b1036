"""Credit notes: an invoice is taken back, in part or whole, by a document of a series of its own.

Whoever issues several in one transaction locks their invoices first (`lock_invoices`): the counter is held
until the commit, and nobody may wait for an invoice while holding it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.db.models import Account
from app.domain.invoices.numbering import DRAW_NUMBER
from app.domain.jobs import Job
from app.domain.ledger import entries as ledger
from app.domain.ledger.posting import post
from app.lib.clock import ISTANBUL
from app.lib.i18n import translate
from app.lib.ids import uuid7
from app.lib.money import VatSplit
from app.lib.statements import Statement, Transaction, fetch
from app.lib.uow import defer

LOCK = Statement("""
SELECT i.id, i.company_id, i.currency, i.language, i.vat, i.total, i.credited
  FROM invoices i
 WHERE i.order_id = ANY(:order_ids) AND i.kind = 'invoice'
 ORDER BY i.id
   FOR NO KEY UPDATE OF i
""")

ISSUE = Statement(f"""
WITH corrected AS (
    UPDATE invoices
       SET credited = credited + :total,
           status = CASE WHEN credited + :total = total THEN 'credited' ELSE status END
     WHERE id = :corrects_id
),
drawn AS ({DRAW_NUMBER}),
document AS (
    INSERT INTO invoices (
        id, kind, corrects_id, refund_id, reason, credited, company_id, order_id, number, series, year,
        sequence, status, seller, buyer, language, currency, net, vat, total, issued_at, issue_date,
        period_start, period_end, payment_reference
    )
    SELECT :id, 'credit_note', original.id, :refund_id, :reason, 0, original.company_id, original.order_id,
           CAST(:series AS text) || drawn.year || lpad(CAST(last_number AS text), 9, '0'),
           :series, drawn.year, last_number, 'issued', original.seller, original.buyer, original.language,
           original.currency, :net, :vat, :total, last_issued_at,
           CAST(last_issued_at AT TIME ZONE 'Europe/Istanbul' AS date),
           original.period_start, original.period_end, original.payment_reference
      FROM drawn, invoices AS original
     WHERE original.id = :corrects_id
    RETURNING id
)
INSERT INTO invoice_lines (
    id, invoice_id, position, description, quantity, unit_price, net, vat, vat_basis_points, total
)
SELECT :line_id, document.id, 1, line.description, 1, :net, :net, :vat, line.vat_basis_points, :total
  FROM document, invoice_lines AS line
 WHERE line.invoice_id = :corrects_id AND line.position = 1
""")  # noqa: S608 constants only


async def issue_credit_note(
    transaction: Transaction,
    *,
    order_id: UUID,
    amount: int,
    reason: str,
    to: Account,
    refund_id: UUID | None,
    series: str,
    at: datetime,
) -> UUID | None:
    """Take `amount` of an order's invoice back, at most what is left of it; post it and have it rendered.

    `reason` is a message id, printed in the invoice's language; `to` is the account that now owes the company
    (refunds payable, or its credit). Returns nothing when nothing is left of the invoice, or there is none.
    """
    rows = await lock_invoices(transaction, [order_id])
    taken = min(amount, rows[0].total - rows[0].credited) if rows else 0
    if taken <= 0:
        return None
    original, note_id = rows[0], uuid7()
    split = split_of(total=original.total, vat=original.vat, credited=original.credited, amount=taken)
    entry = ledger.credit_note(note_id, net=split.net, vat=split.vat, to=to)
    await post(transaction, [entry], company_id=original.company_id, currency=original.currency, at=at)
    parameters = {
        "id": note_id,
        "line_id": uuid7(),
        "corrects_id": original.id,
        "refund_id": refund_id,
        "reason": translate(original.language, reason),
        "net": split.net,
        "vat": split.vat,
        "total": taken,
        "series": series,
        "year": at.astimezone(ISTANBUL).year,
        "at": at,
    }
    await fetch(transaction, ISSUE, parameters)
    defer(transaction, Job.RENDER_INVOICE, key=f"render:{note_id}", invoice_id=str(note_id))
    return note_id


async def lock_invoices(transaction: Transaction, order_ids: Sequence[UUID]) -> Sequence[Any]:
    """Take the invoices of these orders for this transaction, always in the same order."""
    return await fetch(transaction, LOCK, {"order_ids": list(order_ids)})


def split_of(*, total: int, vat: int, credited: int, amount: int) -> VatSplit:
    """Return net and VAT of a note over `amount` of an invoice of which `credited` is taken back already.

    Its VAT is what the notes so far and this one carry together, rounded half up, less what they carried
    before: the notes of one invoice add up to its VAT and its net to the kuruş, in whatever parts.
    """
    note_vat = _vat_of(credited + amount, vat, total) - _vat_of(credited, vat, total)
    return VatSplit(net=amount - note_vat, vat=note_vat)


def _vat_of(part: int, vat: int, total: int) -> int:
    return (2 * vat * part + total) // (2 * total)
