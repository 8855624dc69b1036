"""What paying an order says in the books, whoever pays it: invoice, sale and the credit that was used."""

from datetime import datetime
from typing import Any

from app.domain.billing.settlement import store
from app.domain.billing.settlement.buyers import buyer_of, line_description, seller_of
from app.domain.billing.settlement.unused import credit_unused
from app.domain.invoices.service import InvoiceDraft
from app.domain.ledger import entries as ledger
from app.domain.ledger.entries import Entry
from app.domain.subscriptions.periods import Period
from app.lib.settings import Settings
from app.lib.statements import Transaction, fetch


def entries_of_sale(row: Any) -> list[Entry]:
    """Return what the sale of a locked order posts, with the credit that pays a part of it."""
    sale = ledger.sale(row.order_id, net=row.net, vat=row.vat)
    return [sale, ledger.credit_used(row.order_id, amount=row.credit)] if row.credit else [sale]


async def use_credit(transaction: Transaction, row: Any, settings: Settings, *, at: datetime) -> None:
    """Take from the company's credit what pays a part of the order; the rules have seen that it is there.

    What a change leaves unused becomes credit first, so that it can be used at once.
    """
    if row.unused:
        await credit_unused(transaction, row, settings, at=at)
    if row.credit:
        parameters = {"credit": row.credit, "company_id": row.company_id, "currency": row.currency}
        await fetch(transaction, store.USE_CREDIT, parameters)


def invoice_draft(row: Any, bought: Period, settings: Settings) -> InvoiceDraft:
    """Return what the invoice of a locked payment says, for the period it buys."""
    return InvoiceDraft(
        company_id=row.company_id,
        order_id=row.order_id,
        payment_id=row.payment_id,
        seller=seller_of(settings),
        buyer=buyer_of(row),
        language=row.language,
        currency=row.currency,
        net=row.net,
        vat=row.vat,
        vat_basis_points=row.vat_basis_points,
        total=row.gross,
        description=line_description(row.plan_name, row.interval, bought, row.language),
        period_start=bought.start,
        period_end=bought.end,
        payment_reference=row.merchant_oid,
    )
