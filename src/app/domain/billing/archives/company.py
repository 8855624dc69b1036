"""Everything about one company: its rows, its documents, and the words of what it accepted."""

from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import (
    AuditEntry,
    Company,
    Invoice,
    InvoiceLine,
    Journal,
    LegalAcceptance,
    LegalText,
    Membership,
    Order,
    Payment,
    Posting,
    Refund,
    StoredCard,
    Subscription,
    User,
    Workspace,
)
from app.domain.billing.archives.rows import Rows, rows_of
from app.lib.storage import NoSuchDocument, Storage

PERSON = ("id", "full_name", "email", "language", "created_at")
POSTING = ("id", "journal_id", "account", "amount", "currency", "created_at")
CARD = ("id", "brand", "bank", "last_four", "expiry_month", "expiry_year", "created_at", "removed_at")


async def company_files(session: AsyncSession, company_id: UUID) -> dict[str, Rows]:
    """Return the parts of a company's copy by their file names; of cards only what an owner sees of them."""

    async def own(table: Any, **options: Any) -> Rows:
        return await rows_of(session, table, table.company_id == company_id, **options)

    members = select(Membership.user_id).where(Membership.company_id == company_id)
    invoices = select(Invoice.id).where(Invoice.company_id == company_id)
    journals = select(Journal.id).where(Journal.company_id == company_id)
    return {
        "company.json": await rows_of(session, Company, Company.id == company_id),
        "people.json": await rows_of(session, User, User.id.in_(members), only=PERSON),
        "memberships.json": await own(Membership),
        "subscriptions.json": await own(Subscription),
        "orders.json": await own(Order),
        "payments.json": await own(Payment),
        "refunds.json": await own(Refund),
        "cards.json": await own(StoredCard, only=CARD),
        "invoices.json": await own(Invoice),
        "invoice-lines.json": await rows_of(session, InvoiceLine, InvoiceLine.invoice_id.in_(invoices)),
        "ledger-journals.json": await own(Journal),
        "ledger-postings.json": await rows_of(
            session, Posting, Posting.journal_id.in_(journals), only=POSTING
        ),
        "workspaces.json": await own(Workspace),
        "acceptances.json": await own(LegalAcceptance),
        "activity.json": [_told(entry) for entry in await own(AuditEntry)],
    }


async def documents_of(session: AsyncSession, storage: Storage, company_id: UUID) -> dict[str, bytes]:
    """Return the company's PDFs, and the contracts and terms it accepted in the words it was shown."""
    files: dict[str, bytes] = {}
    stored = select(Invoice.number, Invoice.pdf_key).where(
        Invoice.company_id == company_id, Invoice.pdf_key.is_not(None)
    )
    for number, key in (await session.execute(stored)).tuples():
        try:
            files[f"documents/{number}.pdf"] = await storage.get(key or "")
        except NoSuchDocument:
            continue  # the health check tells the operator; the copy is not held up by it
    accepted = (
        select(LegalText)
        .join(LegalAcceptance, LegalAcceptance.sha256 == LegalText.sha256)
        .where(
            LegalAcceptance.company_id == company_id,
            or_(LegalText.company_id == company_id, LegalText.company_id.is_(None)),
        )
    )
    for text in (await session.scalars(accepted)).unique():
        name = f"accepted/{text.document}-{text.version}-{text.language}-{text.sha256[:12]}.html"
        files[name] = text.html.encode()
    return files


def _told(entry: dict[str, Any]) -> dict[str, Any]:
    """Leave out where PayTR or our support called from: that is nothing of the company's."""
    return entry if entry["actor"] == "user" else {**entry, "address": None}
