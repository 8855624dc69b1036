"""Charging stored cards without the buyer: a machine that a crash at any point leaves in a known state.

`created` is committed before anything leaves, `sent` right before the request, the answer right after it:
`waiting`, `failed`, or `unknown` when none could be read. While an attempt of an order is undecided no
charge of it leaves; only PayTR's callback or the status query (`verification`) decides one that has left.

A charge found `created` later is sent, not failed: `sent` is committed first, so it is certain that nothing
has left; the order is still owed, and a failure would be held against a card that nobody asked. Whether the
order is open, the card is fit and the occasion has not passed is looked at again at that moment.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import PAYMENT_TRANSITIONS, OrderStatus, Payment, PaymentChannel, PaymentStatus
from app.domain.billing.cards.store import NoTokens
from app.domain.billing.charging.attempts import objection_to_card, record_charge, write_down
from app.domain.billing.charging.requests import (
    Charge,
    ChargeRequest,
    charge_of,
    charge_request,
    lock_payment,
)
from app.domain.billing.dunning.afterwards import Afterwards, after_failure
from app.domain.billing.verification.rules import LADDER
from app.domain.companies.clocks import lives_here
from app.domain.jobs import Job
from app.domain.notifications import service as notifications
from app.domain.notifications.messages import PaymentFailed
from app.domain.payments.declines import NOT_SENT, REQUEST_REFUSED, classify_answer, ends_silent_charges
from app.domain.payments.gateway import GatewayRefused, GatewayUnreachable, PaymentGateway
from app.domain.payments.paytr.reasons import Decline
from app.domain.payments.values import ChargeAnswer, ChargeOutcome
from app.lib.crypto import Unreadable
from app.lib.errors import DomainError
from app.lib.settings import Settings
from app.lib.uow import defer, unit_of_work

UNANSWERED = frozenset({PaymentStatus.SENT, PaymentStatus.UNKNOWN})
"""What an answer may still change; the callback may have been faster."""
log = structlog.stdlib.get_logger("charging")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A charge that took nothing, with PayTR's own text for the record."""

    decline: Decline
    message: str | None


async def charge_order(
    session_maker: async_sessionmaker[AsyncSession],
    gateway: PaymentGateway,
    settings: Settings,
    *,
    order_id: UUID,
    card_id: UUID,
    at: datetime,
) -> PaymentStatus:
    """Charge what an order owes to a stored card, once; return where the attempt stands then.

    Raises `AlreadyUnderWay`, `CardUnfit`, or `DomainError` when the order is not open any more.
    """
    async with unit_of_work(session_maker) as session:
        payment = await write_down(session, order_id, card_id, at=at)
    return await send_charge(session_maker, gateway, settings, payment.id, at=at)


async def request_charge(session: AsyncSession, *, order_id: UUID, card_id: UUID, at: datetime) -> Payment:
    """Write a charge down in the caller's transaction; the job, or the sweep, sends it. Raises as above."""
    payment = await write_down(session, order_id, card_id, at=at)
    defer(session, Job.SEND_CHARGE, key=f"charge:{payment.id}", payment_id=str(payment.id))
    return payment


async def send_charge(
    session_maker: async_sessionmaker[AsyncSession],
    gateway: PaymentGateway,
    settings: Settings,
    payment_id: UUID,
    *,
    at: datetime,
) -> PaymentStatus:
    """Send a charge that was written down and note the answer; one that has left stays as it is."""
    async with unit_of_work(session_maker) as session:
        request = await _release(session, settings, payment_id, at=at)
    if not isinstance(request, ChargeRequest):
        return request
    answer = await _ask(gateway, request)
    async with unit_of_work(session_maker) as session:
        return await _note(session, settings, payment_id, answer, at=at)


async def due_charges(session: AsyncSession, *, at: datetime, limit: int = 100) -> list[UUID]:
    """Return the charges that were written down and that no queue has sent, oldest first."""
    statement = (
        select(Payment.id)
        .where(
            Payment.next_inquiry_at <= at,
            Payment.status == PaymentStatus.CREATED,
            Payment.channel == PaymentChannel.STORED_CARD,
            lives_here(session, Payment.company_id),
        )
        .order_by(Payment.next_inquiry_at, Payment.id)
        .limit(limit)
    )
    return list(await session.scalars(statement))


async def _release(
    session: AsyncSession, settings: Settings, payment_id: UUID, *, at: datetime
) -> ChargeRequest | PaymentStatus:
    """Commit a charge to leaving, and return what leaves; or its status, when it leaves no more."""
    charge = await charge_of(session, payment_id)
    payment = charge.payment
    if payment.status is not PaymentStatus.CREATED:
        return payment.status
    in_time = at < payment.expires_at and charge.order.status is OrderStatus.OPEN
    if not in_time or objection_to_card(charge.card):
        return await _fail(session, settings, charge, Refusal(NOT_SENT, None), at=at)
    try:
        request = charge_request(charge, settings)
    except (NoTokens, Unreadable) as error:
        log.exception("charge.no_tokens", merchant_oid=payment.merchant_oid)
        return await _fail(session, settings, charge, Refusal(NOT_SENT, str(error)), at=at)
    payment.status = PAYMENT_TRANSITIONS.move(payment.status, PaymentStatus.SENT)
    payment.sent_at, payment.next_inquiry_at = at, at + LADDER[0]
    return request


async def _ask(gateway: PaymentGateway, request: ChargeRequest) -> ChargeAnswer | Refusal | None:
    """Return PayTR's answer, a refusal of the request itself, or nothing when none could be read."""
    oid, tokens = request.payment.merchant_oid, request.tokens
    try:
        return await gateway.charge_stored_card(
            request.payment, user_token=tokens.user, card_token=tokens.card
        )
    except GatewayUnreachable as error:
        log.warning("charge.unanswered", merchant_oid=oid, reason=str(error))
        return None
    except (GatewayRefused, DomainError) as error:
        log.warning("charge.request_refused", merchant_oid=oid, reason=str(error))
        return Refusal(REQUEST_REFUSED, str(error))


async def _note(
    session: AsyncSession,
    settings: Settings,
    payment_id: UUID,
    answer: ChargeAnswer | Refusal | None,
    *,
    at: datetime,
) -> PaymentStatus:
    """Note what PayTR answered, unless its callback was faster; return where the charge stands."""
    refusal = _refusal_in(answer)
    if refusal is not None:
        return await _note_refusal(session, settings, payment_id, refusal, at=at)
    payment = await lock_payment(session, payment_id)
    now_known = PaymentStatus.WAITING if answer else PaymentStatus.UNKNOWN
    if payment.status in UNANSWERED and payment.status is not now_known:
        payment.status = PAYMENT_TRANSITIONS.move(payment.status, now_known)
    return payment.status


async def _note_refusal(
    session: AsyncSession, settings: Settings, payment_id: UUID, refusal: Refusal, *, at: datetime
) -> PaymentStatus:
    charge = await charge_of(session, payment_id)
    if ends_silent_charges(refusal.decline.code):
        charge.card.refused_at = charge.card.refused_at or at
    if charge.payment.status in UNANSWERED:
        return await _fail(session, settings, charge, refusal, at=at)
    return charge.payment.status


def _refusal_in(answer: ChargeAnswer | Refusal | None) -> Refusal | None:
    if isinstance(answer, ChargeAnswer) and answer.outcome is ChargeOutcome.REFUSED:
        return Refusal(classify_answer(answer), answer.message)
    return answer if isinstance(answer, Refusal) else None


async def _fail(
    session: AsyncSession, settings: Settings, charge: Charge, refusal: Refusal, *, at: datetime
) -> PaymentStatus:
    payment, decline = charge.payment, refusal.decline
    payment.status = PAYMENT_TRANSITIONS.move(payment.status, PaymentStatus.FAILED)
    payment.failed_at, payment.next_inquiry_at = at, None
    payment.failure_code, payment.failure_message = decline.code, refusal.message
    record_charge(session, payment, "payment.failed", at=at, code=decline.code)
    defer(session, Job.ANNOUNCE, company_id=str(payment.company_id))
    if charge.order.status is OrderStatus.OPEN:
        await notifications.queue_email(
            session,
            occasion=f"payment-failed:{payment.id}",
            message=PaymentFailed(
                full_name=charge.payer.full_name,
                company_name=charge.company.name,
                plan_name=charge.order.plan_name,
                total=payment.amount,
                currency=payment.currency,
                reason=decline.sentence,
                **asdict(_afterwards(settings, charge, decline, at=at)),
            ),
            recipient=charge.payer.email,
            language=charge.company.language,
            company_id=payment.company_id,
            at=at,
        )
    return payment.status


def _afterwards(settings: Settings, charge: Charge, decline: Decline, *, at: datetime) -> Afterwards:
    return after_failure(
        settings,
        order_id=charge.order.id,
        kind=charge.order.kind,
        channel=charge.payment.channel,
        code=decline.code,
        since=charge.subscription.past_due_since,
        suspended_at=charge.subscription.suspended_at,
        at=at,
    )
