"""Having PayTR keep a card: the consent, the verification payment, and what its callback changes.

PayTR keeps a card only together with a payment, so a small one is made and given back at once. The card
is typed into a form that the browser posts straight to PayTR. What follows the callback (which card it
is, and giving the money back) is in `followup`. A card may also be kept together with the payment of an
order: `settlement.cards` then tells the registration what its callback says.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, cast
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.db.models import (
    REGISTRATION_TRANSITIONS,
    CardRegistration,
    CaseKind,
    PaymentEvent,
    RefundStatus,
    RegistrationStatus,
)
from app.db.scoped import owned
from app.domain.accounts.legal import CARD_STORAGE
from app.domain.audit.service import record
from app.domain.billing.cards.books import post_taken
from app.domain.billing.cards.rules import NOT_LISTED, OTHER_CURRENCY, TEST_PAYMENT
from app.domain.billing.cards.store import hide
from app.domain.billing.cases import open_case
from app.domain.billing.settlement.service import Arrival, Outcome
from app.domain.companies.clocks import time_of
from app.domain.companies.viewer import Viewer
from app.domain.jobs import Job
from app.domain.payments.paytr.messages import PaytrCallback
from app.domain.payments.values import BasketLine, PaymentRequest
from app.lib.crypto import Encrypted
from app.lib.errors import InvalidInput, TooMany
from app.lib.i18n import N_, translate
from app.lib.ids import random_reference, uuid7
from app.lib.locks import advisory_lock
from app.lib.money import TURKISH_LIRA
from app.lib.settings import Settings
from app.lib.uow import defer

PREFIX = "TZC"
"""How the `merchant_oid` of a registration begins."""
VERIFICATION_AMOUNT = 100
"""Kuruş: what is taken and given back when nothing is owed."""
FORM_LIMIT = timedelta(minutes=30)
ASK_AFTER = timedelta(minutes=5)
"""How long after the form's limit PayTR is asked about a registration that was never reported."""
AN_HOUR = timedelta(hours=1)
TRIES_AN_HOUR = 5
"""Cards a company may try in an hour: a form that says which cards are good is sought by card thieves."""


async def start_registration(
    session: AsyncSession, viewer: Viewer, *, consents: bool, address: str, at: datetime
) -> CardRegistration:
    """Keep the consent and the attempt; the caller commits before PayTR's form is shown.

    Raises `InvalidInput` without a consent and `TooMany`.
    """
    registration = CardRegistration(
        merchant_oid=random_reference(PREFIX),
        amount=VERIFICATION_AMOUNT,
        currency=TURKISH_LIRA,
        expires_at=at + FORM_LIMIT,
        next_attempt_at=at + FORM_LIMIT + ASK_AFTER,
    )
    return await keep_consent(session, viewer, registration, consents=consents, address=address, at=at)


async def keep_consent(
    session: AsyncSession,
    viewer: Viewer,
    registration: CardRegistration,
    *,
    consents: bool,
    address: str,
    at: datetime,
) -> CardRegistration:
    """Keep a registration with its consent. Raises `InvalidInput` without one and `TooMany`."""
    if not consents:
        raise InvalidInput(N_("Agree to the card being stored to go on."), field="consent")
    await _refuse_too_many(session, viewer.company.id, at=at)
    registration.id, registration.company_id = uuid7(), viewer.company.id
    registration.started_by_id = viewer.user.id
    registration.consent_version, registration.consented_at = CARD_STORAGE.version, at
    registration.consent_address = address
    session.add(registration)
    facts = {"merchant_oid": registration.merchant_oid, "consent_version": registration.consent_version}
    _record(session, registration, "card.registration_started", at=at, actor_id=viewer.user.id, facts=facts)
    await session.flush()
    return registration


def card_payment(
    registration: CardRegistration, viewer: Viewer, settings: Settings, *, address: str
) -> PaymentRequest:
    """Return the verification payment as PayTR is asked for it."""
    language = cast("Literal['tr', 'en']", viewer.user.language)
    back = f"{settings.base_url}/billing/cards/return"
    line = translate(language, N_("Card verification, given back at once"))
    return PaymentRequest(
        merchant_oid=registration.merchant_oid,
        email=viewer.user.email,
        amount=registration.amount,
        currency=registration.currency,
        basket=(BasketLine(line, registration.amount, 1),),
        user_ip=address,
        user_name=viewer.user.full_name,
        user_address=viewer.company.address or viewer.company.name,
        user_phone=viewer.company.phone or "",
        ok_url=f"{back}/ok?oid={registration.merchant_oid}",
        fail_url=f"{back}/fail?oid={registration.merchant_oid}",
        language=language,
        test_mode=settings.paytr_test_mode,
    )


async def registration_of(session: AsyncSession, company_id: UUID, merchant_oid: str) -> CardRegistration:
    """Return one registration of this company with its card; anybody else's is not found.

    One that an order's payment makes is shown with the payment.
    """
    return await owned(
        session,
        CardRegistration,
        company_id,
        CardRegistration.merchant_oid == merchant_oid,
        CardRegistration.payment_id.is_(None),
        missing=N_("There is no such card."),
        options=(selectinload(CardRegistration.card),),
    )


async def settle_registration(
    session: AsyncSession, arrival: Arrival, *, settings: Settings, at: datetime
) -> Outcome | None:
    """Apply a verified message about a registration; nothing when there is none of that oid.

    A repeat changes nothing and a failure never undoes a success. The caller commits.
    """
    message = arrival.message
    statement = select(CardRegistration).where(CardRegistration.merchant_oid == message.merchant_oid)
    registration = await session.scalar(statement.with_for_update())
    if registration is None:
        return None
    at = await time_of(session, registration.company_id, at)
    if not message.succeeded:
        outcome = _decline(session, registration, message, at=at)
    elif registration.collected is not None and not _brings_tokens(registration, message):
        outcome = Outcome.REPEATED
    else:
        outcome = await _confirm(session, registration, message, settings, at=at)
    if outcome is not Outcome.REPEATED:
        _keep_event(session, arrival, outcome, at=at)
        defer(session, Job.ANNOUNCE, company_id=str(registration.company_id))
    return outcome


async def _refuse_too_many(session: AsyncSession, company_id: UUID, *, at: datetime) -> None:
    await advisory_lock(session, "card tries", str(company_id))  # those of one moment are counted as well
    statement = select(func.count(), func.min(CardRegistration.consented_at)).where(
        CardRegistration.company_id == company_id, CardRegistration.consented_at > at - AN_HOUR
    )
    tries, first = (await session.execute(statement)).one()
    if tries >= TRIES_AN_HOUR:
        raise TooMany(
            N_("Several cards were tried within an hour. Try again in an hour."),
            retry_after=int((first + AN_HOUR - at).total_seconds()) + 1,
        )


def _brings_tokens(registration: CardRegistration, message: PaytrCallback) -> bool:
    """Say whether a success known already (PayTR was asked) now comes with what names the card."""
    waits = registration.status is RegistrationStatus.CONFIRMED and registration.user_token is None
    gave_up = registration.status is RegistrationStatus.FAILED and registration.failure_code == NOT_LISTED
    return message.user_token is not None and (waits or gave_up)


def _decline(
    session: AsyncSession, registration: CardRegistration, message: PaytrCallback, *, at: datetime
) -> Outcome:
    if not REGISTRATION_TRANSITIONS.allows(registration.status, RegistrationStatus.FAILED):
        return Outcome.REPEATED
    if registration.collected is not None:
        return Outcome.REPEATED
    registration.status = RegistrationStatus.FAILED
    registration.failure_code = message.failed_reason_code
    registration.next_attempt_at = None
    facts = {"code": message.failed_reason_code}
    _record(session, registration, "card.registration_failed", at=at, actor="paytr", facts=facts)
    return Outcome.DECLINED


async def _confirm(
    session: AsyncSession,
    registration: CardRegistration,
    message: PaytrCallback,
    settings: Settings,
    *,
    at: datetime,
) -> Outcome:
    objection = await _objection(session, registration, message, settings, at=at)
    target = RegistrationStatus.FAILED if objection else RegistrationStatus.CONFIRMED
    if registration.status is not target:
        registration.status = REGISTRATION_TRANSITIONS.move(registration.status, target)
    registration.failure_code = objection
    if registration.collected is None:
        registration.collected = message.total_amount
        registration.refund_status = RefundStatus.CREATED
        registration.refund_reference = random_reference("TZR")
        await post_taken(session, registration, at=at)
    if not objection:
        registration.user_token = _hidden(settings, message.user_token)
        registration.card_token = _hidden(settings, message.card_token)
    registration.attempts, registration.next_attempt_at = 0, at
    facts = {"collected": message.total_amount, "currency": message.currency, "objection": objection}
    _record(session, registration, "card.registration_confirmed", at=at, actor="paytr", facts=facts)
    defer(
        session,
        Job.FOLLOW_CARD_REGISTRATION,
        key=f"card-registration:{registration.id}:{at.isoformat()}",
        registration_id=str(registration.id),
    )
    return Outcome.HELD if objection else Outcome.APPLIED


async def _objection(
    session: AsyncSession,
    registration: CardRegistration,
    message: PaytrCallback,
    settings: Settings,
    *,
    at: datetime,
) -> str | None:
    """Return why no card may come of a success, opening its case; another amount is no reason, but a case."""
    if message.test_mode and settings.is_production:
        kind, objection = CaseKind.TEST_PAYMENT, TEST_PAYMENT
    elif message.currency not in {None, registration.currency}:
        kind, objection = CaseKind.CURRENCY_DIFFERS, OTHER_CURRENCY
    elif message.total_amount != registration.amount:
        kind, objection = CaseKind.AMOUNT_DIFFERS, None
    else:
        return None
    facts = {
        "asked": registration.amount,
        "collected": message.total_amount,
        "currency": message.currency,
        "test_mode": message.test_mode,
    }
    await open_case(
        session, kind, registration.merchant_oid, company_id=registration.company_id, facts=facts, at=at
    )
    return objection


def _hidden(settings: Settings, token: str | None) -> Encrypted | None:
    return hide(settings.keys, token) if token else None


def _keep_event(session: AsyncSession, arrival: Arrival, outcome: Outcome, *, at: datetime) -> None:
    session.add(
        PaymentEvent(
            merchant_oid=arrival.message.merchant_oid,
            source=arrival.source,
            outcome=outcome.value,
            payload=arrival.payload,
            received_at=at,
        )
    )


def _record(
    session: AsyncSession,
    registration: CardRegistration,
    action: str,
    *,
    at: datetime,
    facts: Mapping[str, object],
    actor: str = "user",
    actor_id: UUID | None = None,
) -> None:
    record(
        session,
        at=at,
        action=action,
        subject=registration.id,
        company_id=registration.company_id,
        actor_id=actor_id,
        actor=actor,
        facts=dict(facts),
    )
