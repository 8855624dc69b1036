"""What the dashboard shows, read in two queries beside the viewer's; and single payments and invoices."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.db.models import CardRegistration, Invoice, Payment, Subscription, Workspace
from app.db.scoped import owned, owned_row
from app.domain.companies.viewer import Viewer
from app.domain.subscriptions.entitlement import Entitlement, entitlement_of
from app.lib.i18n import N_

NEWEST_WORKSPACES = 6
NEWEST_PAYMENTS = 5


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A payment with its order loaded, and its invoice once there is one."""

    payment: Payment
    invoice: Invoice | None
    registration: CardRegistration | None = None
    """The card that was to be kept with it; read for the page of one payment alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingOverview:
    """What a company has agreed to and what it paid."""

    subscription: Subscription | None
    entitlement: Entitlement
    payments: list[PaymentRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview(BillingOverview):
    """Everything the dashboard says."""

    workspaces: list[Workspace]
    workspace_count: int


async def overview_of(session: AsyncSession, viewer: Viewer, *, at: datetime) -> Overview:
    """Return what the viewer's company has: plan, newest workspaces, latest payments. Two queries."""
    workspaces, count = await newest_workspaces(session, viewer.company.id)
    return Overview(
        subscription=viewer.subscription,
        entitlement=entitlement_of(viewer.subscription, at),
        workspaces=workspaces,
        workspace_count=count,
        payments=await latest_payments(session, viewer.company.id, limit=NEWEST_PAYMENTS),
    )


async def newest_workspaces(session: AsyncSession, company_id: UUID) -> tuple[list[Workspace], int]:
    """Return the newest workspaces and how many there are in all."""
    statement = (
        select(Workspace, func.count().over())
        .where(Workspace.company_id == company_id, Workspace.deleted_at.is_(None))
        .order_by(Workspace.created_at.desc())
        .limit(NEWEST_WORKSPACES)
    )
    rows = (await session.execute(statement)).all()
    return [workspace for workspace, _ in rows], rows[0][1] if rows else 0


async def latest_payments(session: AsyncSession, company_id: UUID, *, limit: int) -> list[PaymentRow]:
    """Return the company's payments with order and invoice, newest first."""
    statement = (
        select(Payment, Invoice)
        .join(Payment.order)
        .outerjoin(Invoice, Invoice.payment_id == Payment.id)
        .options(contains_eager(Payment.order))
        .where(Payment.company_id == company_id)
        .order_by(Payment.created_at.desc())
        .limit(limit)
    )
    return [PaymentRow(payment, invoice) for payment, invoice in await session.execute(statement)]


async def payment_of(session: AsyncSession, company_id: UUID, merchant_oid: str) -> PaymentRow:
    """Return one payment of this company; anybody else's is not found."""
    statement = (
        select(Payment, Invoice, CardRegistration)
        .join(Payment.order)
        .outerjoin(Invoice, Invoice.payment_id == Payment.id)
        .outerjoin(CardRegistration, CardRegistration.payment_id == Payment.id)
        .outerjoin(CardRegistration.card)
        .options(contains_eager(Payment.order), contains_eager(CardRegistration.card))
        .where(Payment.merchant_oid == merchant_oid)
    )
    missing = N_("There is no such payment.")
    return PaymentRow(*await owned_row(session, Payment, company_id, statement, missing=missing))


async def invoice_of(session: AsyncSession, company_id: UUID, number: str) -> Invoice:
    """Return one invoice of this company; anybody else's is not found."""
    missing = N_("There is no such invoice.")
    return await owned(session, Invoice, company_id, Invoice.number == number, missing=missing)
