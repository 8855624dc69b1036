"""Reading payments for operators: found by whatever a customer quotes, each with all that happened to it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select, union
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.db.models import (
    UNDECIDED,
    AuditEntry,
    Company,
    Invoice,
    Membership,
    OperatorCase,
    Payment,
    PaymentEvent,
    Refund,
    StoredCard,
    User,
)
from app.domain.ops.case_actions import left_of

PAGE = 50
ONE_I = ("Iİı", "iii")
"""Lower-casing knows but two of Turkish's four letters i: `Işık` is found by `ışık` and by `IŞIK`."""


@dataclass(frozen=True, slots=True)
class PaymentFilter:
    """What is looked for; `after` is the last payment of the page before."""

    query: str = ""
    only_undecided: bool = False
    after: UUID | None = None


@dataclass(frozen=True, slots=True)
class PaymentListRow:
    """A payment in the list, with its order loaded."""

    payment: Payment
    company: Company


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """One page of the list, newest first, and the payment that the next page begins after."""

    rows: list[PaymentListRow]
    next_after: UUID | None


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened to a payment: what kind, when, and its row."""

    at: datetime
    kind: str
    row: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFile:
    """Everything known of one `merchant_oid`; of an unknown one only what PayTR said and its cases."""

    merchant_oid: str
    payment: Payment | None
    company: Company | None
    card: StoredCard | None
    invoice: Invoice | None
    events: list[PaymentEvent]
    refunds: list[Refund]
    cases: list[OperatorCase]
    trail: list[tuple[AuditEntry, User | None]]

    @property
    def left(self) -> int:
        """What can still be given back, in minor units."""
        return left_of(self.payment) if self.payment else 0

    @property
    def timeline(self) -> list[Happening]:
        """All that happened, oldest first."""
        found = [Happening(event.received_at, "event", event) for event in self.events]
        found += [Happening(refund.created_at, "refund", refund) for refund in self.refunds]
        for case in self.cases:
            found.append(Happening(case.opened_at, "case_opened", case))
            if case.closed_at is not None:
                found.append(Happening(case.closed_at, "case_closed", case))
        found += [Happening(entry.at, "entry", (entry, person)) for entry, person in self.trail]
        return sorted(self._milestones() + found, key=lambda happening: happening.at)

    def _milestones(self) -> list[Happening]:
        payment = self.payment
        if payment is None:
            return []
        instants = {
            "created": payment.created_at,
            "sent": payment.sent_at,
            "succeeded": payment.succeeded_at,
            "failed": payment.failed_at,
        }
        return [Happening(at, kind, payment) for kind, at in instants.items() if at is not None]


async def list_payments(session: AsyncSession, wanted: PaymentFilter, *, limit: int = PAGE) -> PaymentPage:
    """Return a page of payments, newest first."""
    statement = (
        select(Payment, Company)
        .join(Payment.order)
        .join(Company, Company.id == Payment.company_id)
        .options(contains_eager(Payment.order))
        .order_by(Payment.id.desc())  # the id sorts by age
        .limit(limit + 1)
    )
    if wanted.query:
        statement = statement.where(_quoted(wanted.query))
    if wanted.only_undecided:
        statement = statement.where(Payment.status.in_(UNDECIDED))
    if wanted.after is not None:
        statement = statement.where(Payment.id < wanted.after)
    rows = [PaymentListRow(*row) for row in await session.execute(statement)]
    return PaymentPage(rows[:limit], rows[limit - 1].payment.id if len(rows) > limit else None)


async def file_of(session: AsyncSession, handle: str) -> PaymentFile | None:
    """Return the file of a `merchant_oid` or of a refund's reference, or nothing when neither is known."""
    statement = (
        select(Payment, Company, StoredCard, Invoice)
        .join(Payment.order)
        .join(Company, Company.id == Payment.company_id)
        .outerjoin(StoredCard, StoredCard.id == Payment.card_id)
        .outerjoin(Invoice, Invoice.payment_id == Payment.id)
        .options(contains_eager(Payment.order))
        .where(
            or_(
                Payment.merchant_oid == handle,
                Payment.id.in_(select(Refund.payment_id).where(Refund.reference == handle)),
            )
        )
        .execution_options(populate_existing=True)  # whoever has locked the payment reads it anew
    )
    row = (await session.execute(statement)).one_or_none()
    payment, company, card, invoice = row or (None, None, None, None)
    merchant_oid = payment.merchant_oid if payment else handle
    refunds = await _refunds_of(session, payment.id) if payment else []
    events = await _events_of(session, merchant_oid)
    if payment is None and not events:
        return None
    subjects = {payment.id, payment.order_id, *(refund.id for refund in refunds)} if payment else set()
    return PaymentFile(
        merchant_oid=merchant_oid,
        payment=payment,
        company=company,
        card=card,
        invoice=invoice,
        events=events,
        refunds=refunds,
        cases=await _cases_of(session, {merchant_oid, *(refund.reference for refund in refunds)}),
        trail=await trail_of(session, company.id if company else None, subjects),
    )


async def trail_of(
    session: AsyncSession, company_id: UUID | None, subjects: Collection[UUID]
) -> list[tuple[AuditEntry, User | None]]:
    """Return who did what to these things, oldest first; what PayTR reported stands with its messages."""
    statement = (
        select(AuditEntry, User)
        .outerjoin(User, User.id == AuditEntry.actor_id)
        .where(
            AuditEntry.company_id == company_id,  # `IS NULL` for none; `IS NOT DISTINCT` has no index
            AuditEntry.subject.in_([str(subject) for subject in subjects]),
            AuditEntry.actor != "paytr",
        )
        .order_by(AuditEntry.at, AuditEntry.id)
    )
    return [(entry, person) for entry, person in await session.execute(statement)]


async def _events_of(session: AsyncSession, merchant_oid: str) -> list[PaymentEvent]:
    statement = select(PaymentEvent).where(PaymentEvent.merchant_oid == merchant_oid)
    return list(await session.scalars(statement.order_by(PaymentEvent.received_at, PaymentEvent.id)))


async def _refunds_of(session: AsyncSession, payment_id: UUID) -> list[Refund]:
    statement = select(Refund).where(Refund.payment_id == payment_id).order_by(Refund.id)
    return list(await session.scalars(statement.execution_options(populate_existing=True)))


async def _cases_of(session: AsyncSession, subjects: set[str]) -> list[OperatorCase]:
    statement = select(OperatorCase).where(OperatorCase.subject.in_(subjects))
    return list(await session.scalars(statement.order_by(OperatorCase.opened_at, OperatorCase.id)))


def _quoted(query: str) -> Any:
    """Return the condition for what somebody quotes: a number of ours, a company, or a person's address."""
    name = func.lower(func.translate(Company.name, *ONE_I))
    people = (
        select(Membership.company_id)
        .join(Membership.user)
        .where(User.email.icontains(query, autoescape=True))
    )
    companies = select(Company.id).where(
        or_(
            name.contains(query.translate(str.maketrans(*ONE_I)).lower(), autoescape=True),
            Company.slug == query.lower(),
            Company.id.in_(people),
        )
    )
    found: list[Select[*tuple[Any, ...]]] = [
        select(Payment.id).where(Payment.merchant_oid == query.upper()),
        select(Payment.id).where(Payment.company_id.in_(companies)),
        select(Refund.payment_id).where(Refund.reference == query.upper()),
        select(Invoice.payment_id).where(Invoice.number == query.upper()),
    ]
    if order_id := _as_id(query):
        found.append(select(Payment.id).where(Payment.order_id == order_id))
    # a union, since each part has an index of its own and `OR` would read every payment
    return Payment.id.in_(union(*found))


def _as_id(query: str) -> UUID | None:
    try:
        return UUID(query)
    except ValueError:
        return None
