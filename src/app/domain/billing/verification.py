"""Asking PayTR: to check what a callback left unsigned, and about payments nobody reported.

A status query that finds nothing proves no failure (paytr.md §12); an attempt expires only after PayTR
has been asked past the frame's limit, and late money still settles it.
"""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import MONEY_TAKEN, PAYMENT_TRANSITIONS, CaseKind, OperatorCase, Payment, PaymentStatus
from app.domain.billing.settlement import Arrival, settle
from app.domain.payments.gateway import GatewayError, PaymentGateway
from app.domain.payments.paytr.messages import PaytrCallback
from app.domain.payments.values import Inquiry
from app.lib.ids import uuid7
from app.lib.settings import Settings
from app.lib.uow import unit_of_work

LADDER = (
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=24),
)
"""When to ask again while PayTR does not answer (product §3); then an operator looks."""
log = structlog.stdlib.get_logger("verification")


async def due_inquiries(session: AsyncSession, *, at: datetime, limit: int = 100) -> list[UUID]:
    """Return the payments PayTR has to be asked about, oldest first."""
    statement = (
        select(Payment.id).where(Payment.next_inquiry_at <= at).order_by(Payment.next_inquiry_at).limit(limit)
    )
    return list(await session.scalars(statement))


async def inquire(
    session_maker: async_sessionmaker[AsyncSession],
    gateway: PaymentGateway,
    settings: Settings,
    payment_id: UUID,
    *,
    at: datetime,
) -> None:
    """Ask PayTR about one payment and draw the consequences; not due any more is fine."""
    payment = await _claim(session_maker, payment_id, at=at)
    if payment is None:
        return
    try:
        answer = await gateway.inquire(payment.merchant_oid)
    except GatewayError as error:
        log.warning("inquiry.unanswered", merchant_oid=payment.merchant_oid, reason=str(error))
        return
    async with unit_of_work(session_maker) as session:
        if payment.status in MONEY_TAKEN:
            await _compare(session, payment, answer, at=at)
        elif answer.found:
            await settle(session, _arrival(payment, answer), settings=settings, at=at)
        else:
            await _expire(session, payment_id, at=at)


async def _claim(
    session_maker: async_sessionmaker[AsyncSession], payment_id: UUID, *, at: datetime
) -> Payment | None:
    """Take the payment for one question; unanswered, it is due again up the ladder, at last a case."""
    async with unit_of_work(session_maker) as session:
        payment = await session.scalar(
            select(Payment)
            .where(Payment.id == payment_id, Payment.next_inquiry_at <= at)
            .with_for_update(skip_locked=True)
        )
        if payment is None:
            return None
        if payment.inquiries >= len(LADDER):
            payment.next_inquiry_at = None
            await _open_case(session, payment, CaseKind.OUTCOME_UNKNOWN, {}, at=at)
            return None
        payment.next_inquiry_at = at + LADDER[payment.inquiries]
        payment.inquiries += 1
        return payment


async def _compare(session: AsyncSession, payment: Payment, answer: Inquiry, *, at: datetime) -> None:
    """Open a case when PayTR's own record differs from what the callback said."""
    differences: dict[str, object] = {
        name: {"ours": ours, "paytr": theirs}
        for name, ours, theirs in (
            ("amount", payment.amount, answer.amount),
            ("collected", payment.collected, answer.total),
            ("currency", payment.currency, answer.currency),
        )
        if theirs is not None and ours != theirs
    }
    if not answer.found:
        differences["found"] = {"ours": True, "paytr": False}
    if differences:
        await _open_case(session, payment, CaseKind.VERIFICATION_DIFFERS, differences, at=at)
    await _done(session, payment.id)


async def _expire(session: AsyncSession, payment_id: UUID, *, at: datetime) -> None:
    payment = await session.get_one(Payment, payment_id, with_for_update=True)
    if payment.is_undecided and payment.expires_at <= at:
        payment.status = PAYMENT_TRANSITIONS.move(payment.status, PaymentStatus.EXPIRED)
    payment.next_inquiry_at = None


async def _done(session: AsyncSession, payment_id: UUID) -> None:
    await session.execute(update(Payment).where(Payment.id == payment_id).values(next_inquiry_at=None))


async def _open_case(
    session: AsyncSession, payment: Payment, kind: CaseKind, facts: dict[str, object], *, at: datetime
) -> None:
    statement = insert(OperatorCase).values(
        id=uuid7(),
        kind=kind,
        subject=payment.merchant_oid,
        company_id=payment.company_id,
        facts=facts,
        opened_at=at,
    )
    await session.execute(statement.on_conflict_do_nothing(index_elements=["kind", "subject"]))


def _arrival(payment: Payment, answer: Inquiry) -> Arrival:
    """Return PayTR's own word as a message to settle, just as a callback would be."""
    message = PaytrCallback(
        merchant_oid=payment.merchant_oid,
        status="success",
        total_amount=answer.total or 0,
        payment_amount=answer.amount,
        currency=answer.currency,
        test_mode=bool(answer.test_mode),
    )
    return Arrival(message, {"body": answer.raw}, source="inquiry")
