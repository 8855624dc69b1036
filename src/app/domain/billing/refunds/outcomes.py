"""What follows when a refund is decided: the payment's sums, audit, mail, cases. One transaction each.

The caller holds the locks of the payment and the refund.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import (
    PAYMENT_TRANSITIONS,
    Account,
    CaseKind,
    Payment,
    PaymentStatus,
    Refund,
    User,
)
from app.domain.audit.service import record
from app.domain.billing.cases import open_case, settle_case
from app.domain.billing.refunds.letters import queue_refund_letter
from app.domain.billing.refunds.rules import Entry, is_as_asked, surcharge_in
from app.domain.billing.verification.rules import UNSETTLED_REFUNDS
from app.domain.invoices.credit_notes import issue_credit_note
from app.domain.jobs import Job
from app.domain.ledger import entries as ledger
from app.domain.ledger.posting import post
from app.lib.i18n import N_
from app.lib.settings import Settings
from app.lib.uow import defer


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, as the audit trail says."""

    kind: str
    user_id: UUID | None = None


PAYTR, SYSTEM = Actor("paytr"), Actor("system")


async def note_request(session: AsyncSession, payment: Payment, refund: Refund, *, at: datetime) -> None:
    """Add the audit entry of a refund that an operator, a customer or the engine has asked for."""
    asked_by = await session.get(User, refund.requested_by_id) if refund.requested_by_id else None
    actor = "system" if asked_by is None else "operator" if asked_by.is_operator else "user"
    _note(
        session,
        payment,
        refund,
        "refund.requested",
        Actor(actor, refund.requested_by_id),
        at=at,
        reason=refund.reason,
    )


async def succeed(
    session: AsyncSession,
    payment: Payment,
    refund: Refund,
    entry: Entry,
    *,
    settings: Settings,
    at: datetime,
    decided_by_id: UUID | None = None,
) -> None:
    """Record what PayTR gave back; another amount, or a second success, is also laid before a person.

    `decided_by_id` is the operator who has seen it at PayTR when its answers do not tell.
    """
    if refund.is_decided:
        await _doubt(session, payment, refund, entry, at=at)
        return
    if not is_as_asked(payment, refund.amount, entry):
        await _doubt(session, payment, refund, entry, at=at)
    payable = entry.amount - surcharge_in(payment, entry.amount)
    await _post(session, refund, entry, payable, at=at)
    elsewhere = await _open_elsewhere(session, refund)
    collected = payment.collected or 0
    payment.refunded = min(payment.refunded + entry.amount, collected)
    payment.refund_reserved = min(payment.refunded + elsewhere, collected)
    target = PaymentStatus.REFUNDED if payment.refunded == collected else PaymentStatus.PARTLY_REFUNDED
    if payment.status is not target:
        payment.status = PAYMENT_TRANSITIONS.move(payment.status, target)
    refund.succeed(entry.amount, at)
    actor = _decider(decided_by_id)
    _note(session, payment, refund, "refund.succeeded", actor, at=at)
    if actor is PAYTR:
        await _close_unknown(session, refund, at=at)
    if not await _take_back(session, payment, refund, payable, settings=settings, at=at):
        await queue_refund_letter(session, payment, refund, at=at)


async def refuse(session: AsyncSession, payment: Payment, refund: Refund, *, at: datetime) -> None:
    """End a refund that PayTR will not make, and lay it before a person."""
    await fail(session, payment, refund, at=at)
    await _open_case(session, CaseKind.REFUND_REFUSED, payment, refund, {}, at=at)


async def fail(
    session: AsyncSession,
    payment: Payment,
    refund: Refund,
    *,
    at: datetime,
    decided_by_id: UUID | None = None,
) -> None:
    """End a refund that was not made: what it held is free again."""
    elsewhere = await _open_elsewhere(session, refund)
    payment.refund_reserved = min(payment.refunded + elsewhere, payment.collected or 0)
    refund.fail(at)
    _note(session, payment, refund, "refund.failed", _decider(decided_by_id), at=at)


async def leave_to_operator(session: AsyncSession, payment: Payment, refund: Refund, *, at: datetime) -> None:
    """Stop asking; the outcome stays unknown and the amount reserved until a person has looked."""
    refund.next_attempt_at = None
    await _open_case(session, CaseKind.OUTCOME_UNKNOWN, payment, refund, {}, at=at)
    _note(session, payment, refund, "refund.unresolved", SYSTEM, at=at)


def facts_of(payment: Payment, refund: Refund) -> dict[str, Any]:
    """Return what audit entries and cases say of a refund; amounts in minor units."""
    facts = {
        "merchant_oid": payment.merchant_oid,
        "reference": refund.reference,
        "amount": refund.amount,
        "currency": refund.currency,
        "returned": refund.returned,
        "code": refund.error_code,
        "answer": refund.error_message,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


async def _take_back(
    session: AsyncSession,
    payment: Payment,
    refund: Refund,
    payable: int,
    *,
    settings: Settings,
    at: datetime,
) -> bool:
    """Issue the credit note over what was owed back; last, since its number is held until the commit.

    Money that bought nothing has no invoice to take back. Says whether there is a note: the letter waits
    for its PDF.
    """
    if payment.is_surplus:
        return False
    await session.flush()
    note_id = await issue_credit_note(
        session,
        order_id=payment.order_id,
        amount=payable,
        reason=N_("The payment was given back"),
        to=Account.REFUNDS_PAYABLE,
        refund_id=refund.id,
        series=settings.credit_note_series,
        at=at,
    )
    return note_id is not None


async def _post(session: AsyncSession, refund: Refund, entry: Entry, payable: int, *, at: datetime) -> None:
    """Post what went back: what is owed, by a credit note or as held money, and the surcharge above it."""
    posted = ledger.refund(refund.id, payable=payable, returned=entry.amount)
    await post(session, [posted], company_id=refund.company_id, currency=refund.currency, at=at)


async def _doubt(
    session: AsyncSession, payment: Payment, refund: Refund, entry: Entry, *, at: datetime
) -> None:
    found = {"listed": entry.amount, "entries": entry.count}
    await _open_case(session, CaseKind.AMOUNT_DIFFERS, payment, refund, found, at=at)


async def _open_elsewhere(session: AsyncSession, refund: Refund) -> int:
    """Return what the payment's other open refunds hold."""
    statement = select(func.coalesce(func.sum(Refund.amount), 0)).where(
        Refund.payment_id == refund.payment_id, Refund.id != refund.id, Refund.status.in_(UNSETTLED_REFUNDS)
    )
    return int((await session.execute(statement)).scalar_one())


async def _open_case(
    session: AsyncSession,
    kind: CaseKind,
    payment: Payment,
    refund: Refund,
    found: dict[str, Any],
    *,
    at: datetime,
) -> None:
    await open_case(
        session,
        kind,
        refund.reference,
        company_id=refund.company_id,
        facts=facts_of(payment, refund) | found,
        at=at,
    )


def _decider(decided_by_id: UUID | None) -> Actor:
    return Actor("operator", decided_by_id) if decided_by_id else PAYTR


async def _close_unknown(session: AsyncSession, refund: Refund, *, at: datetime) -> None:
    """Close the case of an outcome that PayTR has told after all."""
    await settle_case(
        session,
        CaseKind.OUTCOME_UNKNOWN,
        refund.reference,
        decision="settled",
        note=N_("PayTR lists the refund."),
        at=at,
    )


def _note(
    session: AsyncSession,
    payment: Payment,
    refund: Refund,
    action: str,
    actor: Actor,
    *,
    at: datetime,
    **more: str,
) -> None:
    """Add the audit entry and tell the company's open pages."""
    record(
        session,
        at=at,
        action=action,
        subject=refund.id,
        company_id=refund.company_id,
        actor=actor.kind,
        actor_id=actor.user_id,
        facts=facts_of(payment, refund) | more,
    )
    defer(session, Job.ANNOUNCE, company_id=str(refund.company_id))
