"""Refunds: reserved on the payment, sent under a reference of their own, believed only when answered.

A refund is committed as `sent` before its request leaves. From then on only PayTR's answer or its status
query decides it, and `rules` says when it may leave again. A payment is locked before its refunds.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import REFUND_TRANSITIONS, Invoice, InvoiceKind, Payment, Refund, RefundStatus
from app.domain.billing.refunds import outcomes
from app.domain.billing.refunds.rules import (
    Entry,
    check_request,
    entry_of,
    is_last,
    may_be_sent_again,
    wait_after,
)
from app.domain.companies.clocks import lives_here
from app.domain.jobs import Job
from app.domain.payments.gateway import GatewayError, PaymentGateway, RefundRefused
from app.domain.payments.values import Inquiry, RefundAnswer
from app.lib.errors import InvalidInput, NotFound
from app.lib.i18n import N_
from app.lib.ids import random_reference, uuid7
from app.lib.money import Money
from app.lib.settings import Settings
from app.lib.uow import defer, unit_of_work

log = structlog.stdlib.get_logger("refunds")


async def request_refund(
    session: AsyncSession,
    payment_id: UUID,
    *,
    amount: int,
    reason: str,
    requested_by_id: UUID | None,
    at: datetime,
    seen_left: int | None = None,
) -> Refund:
    """Reserve `amount` kuruş on a payment and have them sent back after the commit.

    `reason` is for the record; `requested_by_id` is nobody when the engine gives a double payment back;
    `seen_left` is what a page said was left, for whoever decided by one.
    Raises `NotFound`, or the sentence that says what stands against it.
    """
    payment = await session.get(Payment, payment_id, with_for_update=True, populate_existing=True)
    if payment is None:
        raise NotFound(N_("There is no such payment."))
    check_request(payment, amount, reason, at=at, seen_left=seen_left)
    if not payment.is_surplus:
        await _refuse_what_is_credit(session, payment, amount)
    refund = Refund(
        id=uuid7(),
        company_id=payment.company_id,
        payment_id=payment.id,
        reference=random_reference("TZR"),
        status=RefundStatus.CREATED,
        amount=amount,
        currency=payment.currency,
        reason=reason.strip(),
        requested_by_id=requested_by_id,
        next_attempt_at=at,
    )
    session.add(refund)
    payment.refund_reserved += amount
    await session.flush()
    await outcomes.note_request(session, payment, refund, at=at)
    defer(session, Job.SEND_REFUND, key=f"refund:{refund.id}", refund_id=str(refund.id))
    return refund


async def _refuse_what_is_credit(session: AsyncSession, payment: Payment, amount: int) -> None:
    """Refuse what the company has had back as credit: its invoice is taken back as far already."""
    left_of_sale = await session.scalar(
        select(Invoice.total - Invoice.credited)
        .where(Invoice.order_id == payment.order_id, Invoice.kind == InvoiceKind.INVOICE)
        .with_for_update()
    )
    on_its_way = payment.refund_reserved - payment.refunded
    surcharge = max((payment.collected or 0) - payment.amount, 0)
    left = max((left_of_sale or 0) + surcharge - on_its_way, 0)
    if amount > left:
        raise InvalidInput(
            N_(
                "A part of this payment is the company's credit already; "
                "at most %(left)s of it can still be given back."
            ),
            field="amount",
            left=Money(left, payment.currency),
        )


async def due_refunds(session: AsyncSession, *, at: datetime, limit: int = 100) -> list[UUID]:
    """Return the refunds that are to be sent or asked about, oldest first."""
    statement = (
        select(Refund.id)
        .where(Refund.next_attempt_at <= at, lives_here(session, Refund.company_id))
        .order_by(Refund.next_attempt_at, Refund.id)
        .limit(limit)
    )
    return list(await session.scalars(statement))


async def send_refund(
    session_maker: async_sessionmaker[AsyncSession],
    gateway: PaymentGateway,
    settings: Settings,
    refund_id: UUID,
    *,
    at: datetime,
) -> None:
    """Take one refund a step on: send it, or first ask about a request without an answer.

    Not due any more is fine.
    """
    step = await _take(session_maker, refund_id, at=at)
    if step is not None and step.asks:
        step = await _ask(session_maker, gateway, settings, step, at=at)
    if step is not None:
        await _send(session_maker, gateway, settings, step, at=at)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one refund, taken for one worker; `number` tells it from those before and after."""

    refund_id: UUID
    number: int
    asks: bool
    merchant_oid: str
    reference: str
    amount: int
    sent_at: datetime | None
    is_plain: bool
    """Whether PayTR's answer alone says what went back: sent once, of a payment without a surcharge."""


async def _take(
    session_maker: async_sessionmaker[AsyncSession], refund_id: UUID, *, at: datetime
) -> Step | None:
    """Take the refund for one step; a worker that dies in it leaves it due at the next rung."""
    async with unit_of_work(session_maker) as session:
        due = select(Refund.id).where(Refund.id == refund_id, Refund.next_attempt_at <= at)
        if await session.scalar(due) is None:
            return None
        payment, refund = await _lock(session, refund_id)
        if refund.next_attempt_at is None or refund.next_attempt_at > at:
            return None  # another worker was first
        if refund.status is RefundStatus.SENT:
            refund.lose_sight()
        refund.attempts += 1
        refund.next_attempt_at = at + wait_after(refund.attempts)
        asks = refund.status is RefundStatus.UNKNOWN
        if not asks:
            refund.leave(at)
        return _step(payment, refund, asks=asks)


async def _ask(
    session_maker: async_sessionmaker[AsyncSession],
    gateway: PaymentGateway,
    settings: Settings,
    step: Step,
    *,
    at: datetime,
) -> Step | None:
    """Ask PayTR what became of a refund; return the step when it is to be sent again."""
    answer: Inquiry | None = None
    try:
        answer = await gateway.inquire(step.merchant_oid)
    except GatewayError as error:
        log.warning("refund.inquiry_unanswered", reference=step.reference, reason=str(error))
    async with unit_of_work(session_maker) as session:
        payment, refund = await _lock(session, step.refund_id)
        if refund.is_decided:
            return None
        if answer is not None and (entry := entry_of(answer.returns, refund.reference)):
            await outcomes.succeed(session, payment, refund, entry, settings=settings, at=at)
            return None
        if refund.status is not RefundStatus.UNKNOWN or refund.attempts != step.number:
            return None
        if is_last(step.number):
            await outcomes.leave_to_operator(session, payment, refund, at=at)
            return None
        if answer is None or not await _may_leave_again(session, refund, answer):
            return None
        refund.leave(at)
        return _step(payment, refund, asks=False)


async def _may_leave_again(session: AsyncSession, refund: Refund, answer: Inquiry) -> bool:
    """Count an answer that does not list the refund, and say whether it may be sent again."""
    refund.inquiries += answer.found
    references = set(
        await session.scalars(select(Refund.reference).where(Refund.payment_id == refund.payment_id))
    )
    return may_be_sent_again(answer, references=references, inquiries=refund.inquiries, step=refund.attempts)


async def _send(
    session_maker: async_sessionmaker[AsyncSession],
    gateway: PaymentGateway,
    settings: Settings,
    step: Step,
    *,
    at: datetime,
) -> None:
    """Send one request, which is committed already, and record what came back."""
    answer: RefundAnswer | GatewayError
    entry: Entry | None = None
    try:
        answer = await gateway.refund(
            merchant_oid=step.merchant_oid, amount=step.amount, reference=step.reference
        )
        entry = await _given_back(gateway, step, answer)
    except GatewayError as error:
        answer = error
    async with unit_of_work(session_maker) as session:
        payment, refund = await _lock(session, step.refund_id)
        if entry is not None:
            refund.unanswered -= 1
            if not _is_told_already(refund, step, entry):
                await outcomes.succeed(session, payment, refund, entry, settings=settings, at=at)
        elif isinstance(answer, RefundRefused):
            refund.unanswered -= 1
            await _note_refusal(session, payment, refund, answer, at=at)
        elif refund.status is RefundStatus.SENT and refund.attempts == step.number:
            log.warning("refund.unanswered", reference=step.reference, reason=str(answer))
            refund.lose_sight()


def _is_told_already(refund: Refund, step: Step, entry: Entry) -> bool:
    """Say whether another worker has read this request's very success in PayTR's list meanwhile."""
    known = refund.status is RefundStatus.SUCCEEDED and refund.sent_at == step.sent_at
    return known and entry == Entry(refund.returned or 0, count=1)


async def _given_back(gateway: PaymentGateway, step: Step, answer: RefundAnswer) -> Entry:
    """Return what PayTR's own list says was given back, where that may be more than its answer says."""
    if not step.is_plain:
        try:
            listed = entry_of((await gateway.inquire(step.merchant_oid)).returns, step.reference)
        except GatewayError as error:
            log.warning("refund.inquiry_unanswered", reference=step.reference, reason=str(error))
        else:
            if listed is not None:
                return listed
    return Entry(answer.amount, count=1)


async def _note_refusal(
    session: AsyncSession, payment: Payment, refund: Refund, refusal: RefundRefused, *, at: datetime
) -> None:
    """Wait, or end the refund; a refusal proves nothing about an earlier request without an answer."""
    if refund.is_decided:
        return
    refund.error_code, refund.error_message = refusal.code, refusal.reason
    if refund.unanswered:
        if refund.status is RefundStatus.SENT:
            refund.lose_sight()
    elif refusal.is_temporary and not is_last(refund.attempts):
        refund.status = REFUND_TRANSITIONS.move(refund.status, RefundStatus.CREATED)
    else:
        await outcomes.refuse(session, payment, refund, at=at)


async def _lock(session: AsyncSession, refund_id: UUID) -> tuple[Payment, Refund]:
    payment = await session.scalars(
        select(Payment)
        .join(Refund, Refund.payment_id == Payment.id)
        .where(Refund.id == refund_id)
        .with_for_update(of=Payment)
    )
    return payment.one(), await session.get_one(Refund, refund_id, with_for_update=True)


def _step(payment: Payment, refund: Refund, *, asks: bool) -> Step:
    return Step(
        refund_id=refund.id,
        number=refund.attempts,
        asks=asks,
        merchant_oid=payment.merchant_oid,
        reference=refund.reference,
        amount=refund.amount,
        sent_at=refund.sent_at,
        is_plain=refund.unanswered == 1 and payment.collected == payment.amount,
    )
