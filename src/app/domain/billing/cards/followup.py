"""What follows a card registration: asking what became of it, reading the card, giving the money back.

One due column drives all of it. The money goes back exactly once: before a refund is sent again PayTR
is asked whether the first one took effect, and since it is always everything that was collected, PayTR
itself would refuse a second one as more than is left (paytr.md §11, 009).
"""

from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import (
    REFUND_TRANSITIONS,
    REGISTRATION_TRANSITIONS,
    CardRegistration,
    CaseKind,
    RefundStatus,
    RegistrationStatus,
    StoredCard,
)
from app.domain.audit.service import record
from app.domain.billing.cards.books import post_returned
from app.domain.billing.cards.registrations import settle_registration
from app.domain.billing.cards.rules import NOT_LISTED
from app.domain.billing.cards.shelf import store_listed_card
from app.domain.billing.cards.store import reveal, user_token_of
from app.domain.billing.cases import open_case
from app.domain.billing.dunning.service import retry_now
from app.domain.billing.settlement.service import Arrival
from app.domain.billing.verification.rules import LADDER
from app.domain.companies.clocks import lives_here
from app.domain.payments.gateway import GatewayError, GatewayRefused, PaymentGateway, RefundRefused
from app.domain.payments.values import Inquiry
from app.lib.crypto import Unreadable
from app.lib.settings import Settings
from app.lib.uow import unit_of_work

Maker = async_sessionmaker[AsyncSession]
log = structlog.stdlib.get_logger("cards")


async def due_registrations(session: AsyncSession, *, at: datetime, limit: int = 100) -> list[UUID]:
    """Return the registrations with something left to do, longest due first."""
    statement = (
        select(CardRegistration.id)
        .where(CardRegistration.next_attempt_at <= at, lives_here(session, CardRegistration.company_id))
        .order_by(CardRegistration.next_attempt_at)
        .limit(limit)
    )
    return list(await session.scalars(statement))


async def follow_registration(
    session_maker: Maker,
    gateway: PaymentGateway,
    settings: Settings,
    registration_id: UUID,
    *,
    at: datetime,
) -> UUID | None:
    """Do what is left of one registration and return its company, for its pages; not due is nothing.

    What PayTR does not answer stays due, up the ladder; at its end a person is asked.
    """
    registration = await _claim(session_maker, registration_id, at=at)
    if registration is None:
        return None
    try:
        if registration.status is RegistrationStatus.WAITING:
            await _ask(session_maker, gateway, settings, registration, at=at)
        if registration.status is RegistrationStatus.CONFIRMED:
            await _read_card(session_maker, gateway, settings, registration, at=at)
    except GatewayError as error:
        log.warning("card.unanswered", merchant_oid=registration.merchant_oid, reason=str(error))
    except Unreadable:  # the secret key has changed; the money goes back all the same
        log.exception("card.tokens_unreadable", merchant_oid=registration.merchant_oid)
    if registration.owes_refund:
        await _give_back(session_maker, gateway, registration, at=at)
    await _try_card(session_maker, registration_id, at=at)
    await _rest(session_maker, registration_id)
    return registration.company_id


async def _claim(session_maker: Maker, registration_id: UUID, *, at: datetime) -> CardRegistration | None:
    async with unit_of_work(session_maker) as session:
        registration = await session.scalar(
            select(CardRegistration)
            .where(CardRegistration.id == registration_id, CardRegistration.next_attempt_at <= at)
            .with_for_update(skip_locked=True)
        )
        if registration is None:
            return None
        if registration.attempts >= len(LADDER):
            await _give_up(session, registration, at=at)
            return None
        registration.next_attempt_at = at + LADDER[registration.attempts]
        registration.attempts += 1
        return registration


async def _give_up(session: AsyncSession, registration: CardRegistration, *, at: datetime) -> None:
    """End the asking. A late callback still counts; money that may not be back is a person's matter."""
    registration.next_attempt_at = None
    if registration.status is RegistrationStatus.WAITING:
        _move(registration, RegistrationStatus.EXPIRED)
        await _open_case(session, registration, CaseKind.OUTCOME_UNKNOWN, at=at)
    elif registration.status is RegistrationStatus.CONFIRMED:
        _move(registration, RegistrationStatus.FAILED)
        registration.failure_code = NOT_LISTED
        registration.user_token = registration.card_token = None
    if registration.owes_refund:
        kind = (
            CaseKind.REFUND_REFUSED
            if registration.refund_status is RefundStatus.CREATED
            else CaseKind.OUTCOME_UNKNOWN
        )
        await _open_case(session, registration, kind, at=at)


async def _ask(
    session_maker: Maker,
    gateway: PaymentGateway,
    settings: Settings,
    registration: CardRegistration,
    *,
    at: datetime,
) -> None:
    """Ask about a registration nobody reported; a success found this way lacks the tokens (paytr.md §12)."""
    answer = await gateway.inquire(registration.merchant_oid)
    async with unit_of_work(session_maker) as session:
        if answer.found:
            await settle_registration(
                session, Arrival.of_inquiry(registration.merchant_oid, answer), settings=settings, at=at
            )
            return
        waiting = await session.get_one(CardRegistration, registration.id, with_for_update=True)
        if waiting.status is RegistrationStatus.WAITING and waiting.expires_at <= at:
            _move(waiting, RegistrationStatus.EXPIRED)


async def _read_card(
    session_maker: Maker,
    gateway: PaymentGateway,
    settings: Settings,
    registration: CardRegistration,
    *,
    at: datetime,
) -> None:
    if registration.user_token is not None:
        user_token: str | None = reveal(settings.keys, registration.user_token)
    else:
        async with unit_of_work(session_maker) as session:
            user_token = await user_token_of(session, registration.company_id, settings.keys)
    if user_token is None:
        return
    listed = await gateway.list_cards(user_token)
    async with unit_of_work(session_maker) as session:
        await store_listed_card(session, registration.id, user_token, listed, settings.keys, at=at)


async def _try_card(session_maker: Maker, registration_id: UUID, *, at: datetime) -> None:
    """Charge to a card that has just been stored what is owed for a renewal; each order asks it once."""
    async with unit_of_work(session_maker) as session:
        registration = await session.get_one(CardRegistration, registration_id)
        if registration.card_id is not None:
            card = await session.get_one(StoredCard, registration.card_id)
            await retry_now(session, registration.company_id, card=card, at=at)


async def _give_back(
    session_maker: Maker, gateway: PaymentGateway, registration: CardRegistration, *, at: datetime
) -> None:
    """Send the refund, or find out what became of the one that was sent."""
    amount, reference = registration.collected or 0, registration.refund_reference or ""
    try:
        if registration.refund_status is not RefundStatus.CREATED:
            answer = await gateway.inquire(registration.merchant_oid)
            returned = given_back(answer, amount=amount, reference=reference)
            if returned is not None:
                await _mark(session_maker, registration.id, RefundStatus.SUCCEEDED, at=at, returned=returned)
                return
            if not answer.found:
                return
            await _mark(session_maker, registration.id, RefundStatus.CREATED, at=at)
        await _mark(session_maker, registration.id, RefundStatus.SENT, at=at)
        made = await gateway.refund(
            merchant_oid=registration.merchant_oid, amount=amount, reference=reference
        )
    except RefundRefused as refusal:
        await _refused(session_maker, gateway, registration, refusal, at=at)
    except GatewayError as error:
        log.warning("card.not_given_back_yet", merchant_oid=registration.merchant_oid, reason=str(error))
        refused = isinstance(error, GatewayRefused)
        await _mark(
            session_maker, registration.id, RefundStatus.CREATED if refused else RefundStatus.UNKNOWN, at=at
        )
    else:
        await _mark(session_maker, registration.id, RefundStatus.SUCCEEDED, at=at, returned=made.amount)


async def _refused(
    session_maker: Maker,
    gateway: PaymentGateway,
    registration: CardRegistration,
    refusal: RefundRefused,
    *,
    at: datetime,
) -> None:
    """Try again later what may work later; a final no may also mean that the money is back already."""
    if refusal.is_temporary:
        await _mark(session_maker, registration.id, RefundStatus.CREATED, at=at)
        return
    try:
        answer = await gateway.inquire(registration.merchant_oid)
    except GatewayError as error:  # it stays sent, so the next run asks first
        log.warning("card.not_given_back_yet", merchant_oid=registration.merchant_oid, reason=str(error))
        return
    returned = given_back(
        answer, amount=registration.collected or 0, reference=registration.refund_reference or ""
    )
    status = RefundStatus.FAILED if returned is None else RefundStatus.SUCCEEDED
    await _mark(session_maker, registration.id, status, at=at, code=refusal.code, returned=returned)


def given_back(answer: Inquiry, *, amount: int, reference: str) -> int | None:
    """Return the kuruş that PayTR's record shows under our reference, or all once all of it is back."""
    everything = sum(returned.amount for returned in answer.returns)
    ours = sum(returned.amount for returned in answer.returns if returned.reference == reference)
    return ours or (everything if everything >= amount else None)


async def _mark(
    session_maker: Maker,
    registration_id: UUID,
    status: RefundStatus,
    *,
    at: datetime,
    code: str | None = None,
    returned: int | None = None,
) -> None:
    """Record where the refund stands, committed before anything else happens; `returned` in kuruş."""
    async with unit_of_work(session_maker) as session:
        registration = await session.get_one(CardRegistration, registration_id, with_for_update=True)
        current = registration.refund_status or RefundStatus.CREATED
        if current is status:
            return
        registration.refund_status = REFUND_TRANSITIONS.move(current, status)
        if status is RefundStatus.SUCCEEDED:
            registration.refunded_at = at
            await post_returned(session, registration, at=at)
        if status in {RefundStatus.SUCCEEDED, RefundStatus.FAILED}:
            record(
                session,
                at=at,
                action=f"card.verification_refund_{status}",
                subject=registration.id,
                company_id=registration.company_id,
                actor="paytr",
                facts={"amount": registration.collected, "code": code},
            )
        if status is RefundStatus.FAILED:
            await _open_case(session, registration, CaseKind.REFUND_REFUSED, at=at, code=code)
        elif status is RefundStatus.SUCCEEDED and returned != registration.collected:
            await _open_case(session, registration, CaseKind.AMOUNT_DIFFERS, at=at, returned=returned)


async def _rest(session_maker: Maker, registration_id: UUID) -> None:
    """Leave the due column once nothing is left to do."""
    async with unit_of_work(session_maker) as session:
        registration = await session.get_one(CardRegistration, registration_id, with_for_update=True)
        if not (registration.is_undecided or registration.owes_refund):
            registration.next_attempt_at = None


def _move(registration: CardRegistration, status: RegistrationStatus) -> None:
    registration.status = REGISTRATION_TRANSITIONS.move(registration.status, status)


async def _open_case(
    session: AsyncSession, registration: CardRegistration, kind: CaseKind, *, at: datetime, **facts: object
) -> None:
    facts |= {"what": "card registration", "amount": registration.amount, "collected": registration.collected}
    await open_case(
        session, kind, registration.merchant_oid, company_id=registration.company_id, facts=facts, at=at
    )
