"""Deciding cases: under lock, once, with a note, and with what follows in the same transaction.

The subscription is locked first, then the payment, then the case, as the engine does when it closes a case
that events have settled.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import (
    PAYMENT_TRANSITIONS,
    DifferenceCause,
    OperatorCase,
    Order,
    Payment,
    PaymentStatus,
    ReconciliationDifference,
    ReconciliationRun,
    Refund,
    Subscription,
)
from app.domain.accounts.operators import Operator
from app.domain.audit.changes import changes_of
from app.domain.audit.service import record
from app.domain.billing.cards.orders import expire_with_payment
from app.domain.billing.refunds import outcomes as refund_outcomes
from app.domain.billing.refunds.rules import Entry
from app.domain.billing.refunds.service import request_refund
from app.domain.billing.settlement.held import apply_held
from app.domain.jobs import Job
from app.domain.ledger import entries as ledger
from app.domain.ledger.posting import post
from app.domain.ops.case_actions import STEPS, CaseAction, Matter
from app.domain.ops.case_queries import case_file
from app.lib.errors import DomainError, InvalidInput
from app.lib.i18n import N_
from app.lib.settings import Settings
from app.lib.uow import defer

NOTE_LENGTH = 2000
NOT_AS_IT_STANDS = N_("This cannot be done as things stand now. Look at them again.")


class AlreadyDecided(DomainError):
    """Somebody, or the engine, was first."""

    def __init__(self) -> None:
        super().__init__(N_("This case is decided already: see below what was decided, and by whom."))


@dataclass(frozen=True, slots=True)
class Decision:
    """What an operator wants done and why; `amount` in minor units, where money goes back."""

    action: CaseAction
    note: str
    amount: int = 0


async def decide(
    session: AsyncSession,
    operator: Operator,
    case_id: UUID,
    decision: Decision,
    *,
    settings: Settings,
    at: datetime,
) -> None:
    """Carry out a decision and close the case with it; a second decision is refused."""
    note = require_note(decision.note)
    matter = await _lock(session, case_id)
    _require_lawful(matter, decision.action)
    await EFFECTS.get(decision.action, _nothing)(Deed(session, operator, matter, decision, settings, at))
    case = matter.case
    if decision.action not in STEPS:
        case.decision, case.note = decision.action.value, note
        case.decided_by_id, case.closed_at = operator.user.id, at
    changes = changes_of(case)
    record(
        session,
        at=at,
        action=f"case.{decision.action}",
        subject=case.id,
        company_id=case.company_id,
        actor_id=operator.user.id,
        actor="operator",
        facts={"kind": case.kind.value, "about": case.subject, "note": note, "amount": decision.amount},
        changes=changes,
    )


def require_note(note: str) -> str:
    """Return the note without blanks around it, or ask for one."""
    note = note.strip()
    if not 3 <= len(note) <= NOTE_LENGTH:
        raise InvalidInput(N_("Write why, in a sentence: it stays with the case."), field="note")
    return note


@dataclass(frozen=True, slots=True)
class Deed:
    """A lawful decision with all that carrying it out takes."""

    session: AsyncSession
    operator: Operator
    matter: Matter
    decision: Decision
    settings: Settings
    at: datetime


async def _lock(session: AsyncSession, case_id: UUID) -> Matter:
    """Lock what the case is about, then the case, and return them as they stand under the locks."""
    payment = (await case_file(session, case_id)).matter.payment
    if payment is not None:
        subscription = select(Order.subscription_id).where(Order.id == payment.order_id).scalar_subquery()
        await session.execute(
            select(Subscription.id).where(Subscription.id == subscription).with_for_update(key_share=True)
        )
        await session.execute(select(Payment.id).where(Payment.id == payment.id).with_for_update())
    await session.execute(select(OperatorCase.id).where(OperatorCase.id == case_id).with_for_update())
    return (await case_file(session, case_id)).matter


def _require_lawful(matter: Matter, action: CaseAction) -> None:
    if matter.case.closed_at is not None:
        raise AlreadyDecided
    if action not in matter.actions:
        raise DomainError(NOT_AS_IT_STANDS)


async def _nothing(_: Deed) -> None:
    """The decision is the note."""


async def _refund(deed: Deed) -> None:
    await _send_back(deed, deed.decision.amount)


async def _try_again(deed: Deed) -> None:
    await _send_back(deed, _refund_of(deed).amount)


async def _send_back(deed: Deed, amount: int) -> None:
    await request_refund(
        deed.session,
        _payment_of(deed).id,
        amount=amount,
        reason=deed.decision.note,
        requested_by_id=deed.operator.user.id,
        at=deed.at,
    )


async def _apply(deed: Deed) -> None:
    payment = _payment_of(deed)
    await apply_held(deed.session, payment, settings=deed.settings, at=deed.at)


async def _ask_again(deed: Deed) -> None:
    """Put the question at once; about a payment also a few times more, should PayTR not know yet.

    A refund's ladder stays at its end, where it is only asked about and never sent again.
    """
    if refund := deed.matter.refund:
        refund.next_attempt_at = deed.at
        key = f"refund:{refund.id}:{deed.at.timestamp()}"
        defer(deed.session, Job.SEND_REFUND, key=key, refund_id=str(refund.id))
        return
    payment = _payment_of(deed)
    payment.next_inquiry_at, payment.inquiries = deed.at, 0
    defer(deed.session, Job.INQUIRE_PAYMENT, payment_id=str(payment.id))


async def _mark_failed(deed: Deed) -> None:
    """Count it as failed; money or a refund that shows up after all is still recorded."""
    payment = _payment_of(deed)
    if refund := deed.matter.refund:
        await refund_outcomes.fail(
            deed.session, payment, refund, at=deed.at, decided_by_id=deed.operator.user.id
        )
        return
    payment.status = PAYMENT_TRANSITIONS.move(payment.status, PaymentStatus.FAILED)
    payment.failed_at, payment.next_inquiry_at = deed.at, None
    await expire_with_payment(deed.session, payment.id)
    defer(deed.session, Job.ANNOUNCE, company_id=str(payment.company_id))


async def _mark_returned(deed: Deed) -> None:
    """Count a refund as made that PayTR's panel shows and its status query does not."""
    refund = _refund_of(deed)
    entry = Entry(refund.amount, 1)
    await refund_outcomes.succeed(
        deed.session,
        _payment_of(deed),
        refund,
        entry,
        settings=deed.settings,
        at=deed.at,
        decided_by_id=deed.operator.user.id,
    )


async def _write_off(deed: Deed) -> None:
    """Take the balance that PayTR announces into the book, where it differs from what we have rolled."""
    newest = (
        select(ReconciliationRun.id)
        .where(
            ReconciliationRun.day == date.fromisoformat(deed.matter.case.subject),
            ReconciliationRun.finished_at <= deed.at,
            ReconciliationRun.error.is_(None),
        )
        .order_by(ReconciliationRun.started_at.desc())
        .limit(1)
    )
    differences = await deed.session.scalars(
        select(ReconciliationDifference).where(
            ReconciliationDifference.run_id == newest.scalar_subquery(),
            ReconciliationDifference.cause == DifferenceCause.TOTAL,
            ReconciliationDifference.facts["check"].astext == "balance",
        )
    )
    found = [one for one in differences if one.currency and one.ours is not None and one.theirs is not None]
    if not found:
        raise DomainError(NOT_AS_IT_STANDS)
    for one in found:
        entry = ledger.write_off(one.id, amount=(one.theirs or 0) - (one.ours or 0))
        await post(deed.session, [entry], company_id=None, currency=one.currency or "", at=deed.at)


def _payment_of(deed: Deed) -> Payment:
    if deed.matter.payment is None:
        raise DomainError(NOT_AS_IT_STANDS)
    return deed.matter.payment


def _refund_of(deed: Deed) -> Refund:
    if deed.matter.refund is None:
        raise DomainError(NOT_AS_IT_STANDS)
    return deed.matter.refund


EFFECTS: dict[CaseAction, Callable[[Deed], Awaitable[None]]] = {
    CaseAction.REFUND: _refund,
    CaseAction.TRY_AGAIN: _try_again,
    CaseAction.APPLY: _apply,
    CaseAction.ASK_AGAIN: _ask_again,
    CaseAction.MARK_FAILED: _mark_failed,
    CaseAction.MARK_RETURNED: _mark_returned,
    CaseAction.WRITE_OFF: _write_off,
}
"""What a decision does beyond being kept; one that is not named here does nothing."""
