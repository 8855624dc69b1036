"""What a payment's message means for the card that PayTR was to keep with it (paytr.md §8).

In the settlement's own transaction: the tokens of a callback are encrypted here or nowhere. Reading the card
from PayTR's list is the registration's own follow-up.
"""

from datetime import datetime
from typing import Any

from app.db.models import CaseKind, RegistrationStatus
from app.domain.billing.cards.rules import OTHER_CURRENCY, TEST_PAYMENT, success_is_news
from app.domain.billing.cards.store import hide
from app.domain.billing.settlement.rules import Decision, Declined, Held, Nothing
from app.domain.billing.settlement.store import AUDIT, audit_parameters
from app.domain.jobs import Job
from app.domain.payments.paytr.messages import PaytrCallback
from app.lib.settings import Settings
from app.lib.statements import Statement, Transaction, fetch
from app.lib.uow import defer

OBJECTIONS = {CaseKind.TEST_PAYMENT: TEST_PAYMENT, CaseKind.CURRENCY_DIFFERS: OTHER_CURRENCY}
"""Why no card may come of a success; another amount, or a second payment, is no reason."""

LOCKED = Statement("""
SELECT id, company_id, status, failure_code, user_token IS NOT NULL AS has_token
  FROM card_registrations
 WHERE payment_id = :payment_id
   FOR NO KEY UPDATE
""")
FAIL = Statement(f"""
WITH registration AS (
    UPDATE card_registrations SET status = 'failed', failure_code = :code WHERE id = :registration_id
)
{AUDIT}
""")  # noqa: S608 constants of this module only
CONFIRM = Statement(f"""
WITH registration AS (
    UPDATE card_registrations
       SET status = 'confirmed', failure_code = NULL, user_token = :user_token, card_token = :card_token,
           attempts = 0, next_attempt_at = :at
     WHERE id = :registration_id
)
{AUDIT}
""")  # noqa: S608 constants of this module only


async def tell_registration(
    transaction: Transaction,
    payment_id: object,
    message: PaytrCallback,
    decision: Decision,
    *,
    settings: Settings,
    at: datetime,
) -> None:
    """Note what a payment's message means for its card; a payment without a registration has none."""
    for registration in await fetch(transaction, LOCKED, {"payment_id": payment_id}):
        status = RegistrationStatus(registration.status)
        if code := _failure(decision, message):
            if status in {RegistrationStatus.WAITING, RegistrationStatus.EXPIRED}:
                await _fail(transaction, registration, code, at=at)
        elif message.succeeded and success_is_news(
            message, status, registration.failure_code, has_token=registration.has_token
        ):
            await _confirm(transaction, registration, message, settings, at=at)


def _failure(decision: Decision, message: PaytrCallback) -> str | None:
    """Return why this message ends the registration, in PayTR's code or our own."""
    match decision:
        case Declined():
            return message.failed_reason_code or "0"
        case Held(kind):
            return OBJECTIONS.get(kind)
        case Nothing() | _:
            return None


async def _fail(transaction: Transaction, registration: Any, code: str, *, at: datetime) -> None:
    entry = _entry(registration, "card.registration_failed", at=at, code=code)
    await fetch(transaction, FAIL, entry | {"registration_id": registration.id, "code": code})


async def _confirm(
    transaction: Transaction, registration: Any, message: PaytrCallback, settings: Settings, *, at: datetime
) -> None:
    entry = _entry(registration, "card.registration_confirmed", at=at, names_card=bool(message.card_token))
    tokens = {
        "user_token": _hidden(settings, message.user_token),
        "card_token": _hidden(settings, message.card_token),
    }
    await fetch(transaction, CONFIRM, entry | tokens | {"registration_id": registration.id})
    defer(
        transaction,
        Job.FOLLOW_CARD_REGISTRATION,
        key=f"card-registration:{registration.id}:{at.isoformat()}",
        registration_id=str(registration.id),
    )


def _hidden(settings: Settings, token: str | None) -> str | None:
    return hide(settings.keys, token).token if token else None


def _entry(registration: Any, action: str, *, at: datetime, **facts: object) -> dict[str, Any]:
    entry = audit_parameters(
        at=at, action=action, subject=registration.id, company_id=registration.company_id, facts=facts
    )
    return entry | {"at": at}
