"""Asking PayTR: to check what a callback left unsigned, and about attempts whose outcome nobody reported.

A status query that finds nothing proves no failure (paytr.md §12). A page expires only after PayTR has been
asked past its time limit, and late money still settles it; a charge that has left is never given up: after
the ladder's last rung it stays unknown, with a case.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import and_, bindparam, not_, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import (
    MONEY_TAKEN,
    PAYMENT_TRANSITIONS,
    CaseKind,
    OperatorCase,
    Payment,
    PaymentChannel,
    PaymentStatus,
    Refund,
)
from app.domain.billing.cards.orders import expire_with_payment
from app.domain.billing.cases import open_case, settle_case
from app.domain.billing.charging.requests import lock_payment
from app.domain.billing.commissions import post_told
from app.domain.billing.refunds.service import request_refund
from app.domain.billing.settlement.service import Arrival, settle
from app.domain.billing.verification.rules import (
    LADDER,
    Expectation,
    differences,
    may_not_be_listed_yet,
    next_inquiry,
)
from app.domain.companies.clocks import lives_here
from app.domain.payments.gateway import GatewayError, PaymentGateway
from app.domain.payments.values import Inquiry
from app.lib.i18n import N_
from app.lib.settings import Settings
from app.lib.uow import unit_of_work

GIVEN_BACK = {
    CaseKind.PAID_TWICE: N_(
        "The order was paid by another payment already; PayTR's own record confirms this one too."
    ),
    CaseKind.ORDER_LAPSED: N_(
        "The order stood no more when this payment came; PayTR's own record confirms it."
    ),
}
"""Cases whose money goes back by itself, with the reason for the record."""
SETTLED = "settled"
UNSENT_CHARGE = and_(Payment.status == PaymentStatus.CREATED, Payment.channel == PaymentChannel.STORED_CARD)
"""PayTR cannot know it: `charging` sends it."""
CLAIM = (
    select(Payment)
    .where(
        Payment.id == bindparam("payment_id"),
        Payment.next_inquiry_at <= bindparam("at"),
        not_(UNSENT_CHARGE),
    )
    .with_for_update(skip_locked=True)
)
REFUNDS = select(Refund).where(Refund.payment_id == bindparam("payment_id"))
log = structlog.stdlib.get_logger("verification")


@dataclass(frozen=True, slots=True)
class Question:
    """One question about one attempt, with what our book said of it when it was put."""

    merchant_oid: str
    status: PaymentStatus
    refunded: int

    def still_stands(self, payment: Payment) -> bool:
        """Say whether the answer may be held against our book: not when that has moved on meanwhile."""
        return (self.status, self.refunded) == (payment.status, payment.refunded)


async def due_inquiries(session: AsyncSession, *, at: datetime, limit: int = 100) -> list[UUID]:
    """Return the payments PayTR has to be asked about, oldest first."""
    statement = (
        select(Payment.id)
        .where(Payment.next_inquiry_at <= at, not_(UNSENT_CHARGE), lives_here(session, Payment.company_id))
        .order_by(Payment.next_inquiry_at, Payment.id)
        .limit(limit)
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
    question = await _claim(session_maker, payment_id, at=at)
    if question is None:
        return
    answer: Inquiry | None = None
    try:
        answer = await gateway.inquire(question.merchant_oid)
    except GatewayError as error:
        log.warning("inquiry.unanswered", merchant_oid=question.merchant_oid, reason=str(error))
    async with unit_of_work(session_maker) as session:
        if answer is not None and answer.found and question.status not in MONEY_TAKEN:
            # it takes the locks, the subscription's first; what was settled meanwhile is a repeat
            arrival = Arrival.of_inquiry(question.merchant_oid, answer)
            await settle(session, arrival, settings=settings, at=at)
            return
        payment = await lock_payment(session, payment_id)
        if answer is None:
            await _climb(session, payment, at=at)
        elif payment.status not in MONEY_TAKEN:
            await _not_found(session, payment, at=at)
        elif question.still_stands(payment):  # otherwise it is due again
            await _compare(session, payment, answer, settings, at=at)


async def _claim(
    session_maker: async_sessionmaker[AsyncSession], payment_id: UUID, *, at: datetime
) -> Question | None:
    """Take the payment for one question; whoever dies over it leaves it due at the next rung."""
    async with unit_of_work(session_maker) as session:
        payment = await session.scalar(CLAIM, {"payment_id": payment_id, "at": at})
        if payment is None:
            return None
        if payment.status is PaymentStatus.SENT:  # its answer is overdue
            payment.status = PAYMENT_TRANSITIONS.move(payment.status, PaymentStatus.UNKNOWN)
        if payment.inquiries >= len(LADDER):  # whoever asked last died over it
            await _give_up(session, payment, at=at)
            return None
        payment.inquiries += 1
        payment.next_inquiry_at = next_inquiry(payment, at) or at + LADDER[0]
        return Question(payment.merchant_oid, payment.status, payment.refunded)


async def _climb(session: AsyncSession, payment: Payment, *, at: datetime) -> None:
    """Leave the payment due at its next rung, or give up after the last."""
    if next_inquiry(payment, at) is None:
        await _give_up(session, payment, at=at)


async def _give_up(session: AsyncSession, payment: Payment, *, at: datetime) -> None:
    """Lay before a person what PayTR has not answered; only a callback, or they, decide it now."""
    payment.next_inquiry_at = None
    if payment.is_undecided:
        if payment.status is not PaymentStatus.UNKNOWN:
            payment.status = PAYMENT_TRANSITIONS.move(payment.status, PaymentStatus.UNKNOWN)
        await _open_case(session, payment, CaseKind.OUTCOME_UNKNOWN, {}, at=at)
    elif payment.status in MONEY_TAKEN:
        await _open_case(session, payment, CaseKind.VERIFICATION_DIFFERS, {"answered": False}, at=at)


async def _not_found(session: AsyncSession, payment: Payment, *, at: datetime) -> None:
    """End a page whose time is over; climb on for a charge, which this proves nothing about."""
    if not payment.is_undecided:
        payment.next_inquiry_at = None
    elif payment.channel is PaymentChannel.STORED_CARD or at < payment.expires_at:
        await _climb(session, payment, at=at)
    else:
        payment.status = PAYMENT_TRANSITIONS.move(payment.status, PaymentStatus.EXPIRED)
        payment.next_inquiry_at = None
        await expire_with_payment(session, payment.id)


async def _compare(
    session: AsyncSession, payment: Payment, answer: Inquiry, settings: Settings, *, at: datetime
) -> None:
    """Open a case when PayTR's own record differs from our book; give a confirmed second payment back."""
    if not answer.found and may_not_be_listed_yet(payment, at):
        return  # it is due again at its next rung
    refunds = list(await session.scalars(REFUNDS, {"payment_id": payment.id}))
    found = differences(Expectation(payment, refunds, settings.paytr_test_mode), answer)
    payment.next_inquiry_at = None
    if found:
        await _open_case(session, payment, CaseKind.VERIFICATION_DIFFERS, found, at=at)
        return
    await post_told(session, payment, answer, at=at)
    await settle_case(
        session,
        CaseKind.OUTCOME_UNKNOWN,
        payment.merchant_oid,
        decision=SETTLED,
        note=N_("PayTR reported a success and its own record agrees."),
        at=at,
    )
    if payment.is_surplus:
        await _give_back_second_payment(session, payment, at=at)


async def _give_back_second_payment(session: AsyncSession, payment: Payment, *, at: datetime) -> None:
    """Refund money of an order that was paid before or stands no more, unless an operator dealt with it."""
    undecided_case = select(OperatorCase.kind).where(
        OperatorCase.kind.in_(GIVEN_BACK),
        OperatorCase.subject == payment.merchant_oid,
        OperatorCase.closed_at.is_(None),
    )
    collected = payment.collected or 0
    kind = await session.scalar(undecided_case)
    if payment.refund_reserved == 0 and collected and kind is not None:
        await request_refund(
            session, payment.id, amount=collected, reason=GIVEN_BACK[kind], requested_by_id=None, at=at
        )


async def _open_case(
    session: AsyncSession, payment: Payment, kind: CaseKind, facts: dict[str, object], *, at: datetime
) -> None:
    await open_case(session, kind, payment.merchant_oid, company_id=payment.company_id, facts=facts, at=at)
