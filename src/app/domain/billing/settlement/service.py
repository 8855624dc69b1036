"""Settlement: a verified message becomes payment, subscription, limits, invoice and audit at once.

One transaction, committed by the webhook before it answers `OK`. Mail, PDF and page follow from due
columns; nothing here calls backwards.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.db.models import CaseKind, OrderKind, PaymentChannel
from app.domain.billing.dunning.afterwards import after_failure
from app.domain.billing.settlement import store
from app.domain.billing.settlement.cards import tell_registration
from app.domain.billing.settlement.paid import entries_of_sale, invoice_draft, use_credit
from app.domain.billing.settlement.rules import Applied, Declined, Held, Nothing, decide
from app.domain.invoices import service as invoices
from app.domain.jobs import Job
from app.domain.ledger import entries as ledger
from app.domain.ledger.posting import lists_of
from app.domain.notifications import service as notifications
from app.domain.notifications.messages import PaymentFailed
from app.domain.payments.declines import ends_silent_charges
from app.domain.payments.paytr.messages import PaytrCallback
from app.domain.payments.paytr.reasons import classify
from app.domain.payments.values import Inquiry
from app.lib.ids import uuid7
from app.lib.settings import Settings
from app.lib.statements import Transaction, fetch
from app.lib.uow import defer

VERIFY_AFTER = timedelta(minutes=1)
"""When the status query checks what the callback left unsigned (currency, test flag)."""


class Outcome(StrEnum):
    """What one message did."""

    APPLIED = "applied"
    DECLINED = "declined"
    HELD = "held"
    UNKNOWN_ORDER = "unknown_order"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A verified message, word for word, and how it came: `callback` or `inquiry`."""

    message: PaytrCallback
    payload: dict[str, str]
    source: str = "callback"

    @classmethod
    def of_inquiry(cls, merchant_oid: str, answer: Inquiry) -> "Arrival":
        """Return the success that PayTR's status query tells of as a message, just as a callback would be."""
        message = PaytrCallback(
            merchant_oid=merchant_oid,
            status="success",
            total_amount=answer.total or 0,
            payment_amount=answer.amount,
            currency=answer.currency,
            test_mode=bool(answer.test_mode),
        )
        return cls(message, {"body": answer.raw}, source="inquiry")


async def settle(transaction: Transaction, arrival: Arrival, *, settings: Settings, at: datetime) -> Outcome:
    """Apply one verified message; a repeat changes nothing. The caller commits."""
    message = arrival.message
    locked = await store.lock(transaction, message.merchant_oid)
    if locked is None:
        return await _keep_unknown(transaction, arrival, at)
    at = locked.row.clock_at or at
    decision = decide(locked.facts, message, at=at, takes_test_payments=not settings.is_production)
    if locked.row.channel == PaymentChannel.DIRECT:
        await tell_registration(
            transaction, locked.row.payment_id, message, decision, settings=settings, at=at
        )
    if message.unreadable and not isinstance(decision, Nothing):
        await note_unreadable(transaction, message, locked.row.company_id, at=at)
    match decision:
        case Nothing():
            return Outcome.REPEATED
        case Declined():
            return await _decline(transaction, locked.row, arrival, settings, at)
        case Held(kind):
            return await _hold(transaction, locked.row, arrival, kind, at)
        case Applied():
            return await _apply(transaction, locked.row, arrival, decision, settings, at)


async def note_unreadable(
    transaction: Transaction, message: PaytrCallback, company_id: object, *, at: datetime
) -> None:
    """Lay before a person what beside the signed fields could not be read; the status query fills it in."""
    facts = {name: {"paytr": value} for name, value in message.unreadable}
    parameters = {
        "case_id": uuid7(),
        "kind": CaseKind.CALLBACK_UNREADABLE.value,
        "merchant_oid": message.merchant_oid,
        "company_id": company_id,
        "facts": store.encode(facts),
        "at": at,
    }
    await fetch(transaction, store.OPEN_CASE, parameters)


async def _apply(
    transaction: Transaction,
    row: Any,
    arrival: Arrival,
    decision: Applied,
    settings: Settings,
    at: datetime,
) -> Outcome:
    collected = arrival.message.total_amount
    parameters = _parameters(row, arrival, Outcome.APPLIED, at, action="subscription.activated")
    parameters |= {"collected": collected, "inquire_at": at + VERIFY_AFTER}
    parameters |= store.activation_parameters(row, decision, at)
    received = ledger.payment(row.payment_id, owed=row.gross - row.credit, collected=collected)
    parameters |= lists_of([*entries_of_sale(row), received])
    await fetch(transaction, store.APPLY_SPLIT if decision.splits else store.APPLY, parameters)
    await use_credit(transaction, row, settings, at=at)
    draft = invoice_draft(row, decision.bought, settings)
    invoice_id = await invoices.issue(transaction, draft, series=settings.invoice_series, at=at)
    # it also tells the company's open pages, once there is an invoice to show
    defer(transaction, Job.RENDER_INVOICE, key=f"render:{invoice_id}", invoice_id=str(invoice_id))
    return Outcome.APPLIED


async def _decline(
    transaction: Transaction, row: Any, arrival: Arrival, settings: Settings, at: datetime
) -> Outcome:
    parameters = _parameters(row, arrival, Outcome.DECLINED, at, action="payment.failed")
    parameters |= {
        "failure_code": arrival.message.failed_reason_code,
        "failure_message": arrival.message.failed_reason_msg,
    }
    await fetch(transaction, store.DECLINE, parameters)
    if ends_silent_charges(arrival.message.failed_reason_code):
        await fetch(transaction, store.REFUSE_CARD, parameters)
    if row.email:
        await _queue_failure_mail(transaction, row, arrival.message, settings, at)
    defer(transaction, Job.ANNOUNCE, company_id=str(row.company_id))
    return Outcome.DECLINED


async def _queue_failure_mail(
    transaction: Transaction, row: Any, message: PaytrCallback, settings: Settings, at: datetime
) -> None:
    afterwards = after_failure(
        settings,
        order_id=row.order_id,
        kind=OrderKind(row.order_kind),
        channel=PaymentChannel(row.channel),
        code=message.failed_reason_code,
        since=row.past_due_since,
        suspended_at=row.suspended_at,
        at=at,
    )
    await notifications.queue_email(
        transaction,
        occasion=f"payment-failed:{row.payment_id}",
        message=PaymentFailed(
            full_name=row.full_name,
            company_name=row.company_name,
            plan_name=row.plan_name,
            total=row.amount,
            currency=row.currency,
            reason=classify(message.failed_reason_code).sentence,
            **asdict(afterwards),
        ),
        recipient=row.email,
        language=row.language,
        company_id=row.company_id,
        at=at,
    )


async def _hold(
    transaction: Transaction, row: Any, arrival: Arrival, kind: CaseKind, at: datetime
) -> Outcome:
    parameters = _parameters(row, arrival, Outcome.HELD, at, action="payment.held", kind=kind.value)
    parameters |= {"collected": arrival.message.total_amount, "inquire_at": at + VERIFY_AFTER}
    parameters |= {"case_id": uuid7(), "kind": kind.value, "currency": row.currency}
    parameters |= lists_of([ledger.held_payment(row.payment_id, collected=arrival.message.total_amount)])
    await fetch(transaction, store.HOLD, parameters)
    defer(transaction, Job.ANNOUNCE, company_id=str(row.company_id))
    return Outcome.HELD


async def _keep_unknown(transaction: Transaction, arrival: Arrival, at: datetime) -> Outcome:
    parameters = store.common_parameters(
        arrival.message,
        arrival.payload,
        source=arrival.source,
        outcome=Outcome.UNKNOWN_ORDER.value,
        at=at,
        payment_id=None,
    )
    parameters |= {
        "case_id": uuid7(),
        "kind": CaseKind.UNKNOWN_ORDER.value,
        "company_id": None,
        "facts": store.encode({"status": arrival.message.status, "collected": arrival.message.total_amount}),
    }
    await fetch(transaction, store.UNKNOWN, parameters)
    return Outcome.UNKNOWN_ORDER


def _parameters(
    row: Any, arrival: Arrival, outcome: Outcome, at: datetime, *, action: str, **facts: Any
) -> dict[str, Any]:
    message, payment_id, company_id = arrival.message, UUID(str(row.payment_id)), UUID(str(row.company_id))
    facts |= {
        "merchant_oid": message.merchant_oid,
        "ordered": row.amount,
        "collected": message.total_amount,
        "currency": row.currency,
        "plan": row.plan_code,
        "code": message.failed_reason_code,
    }
    if message.currency not in (None, row.currency):
        facts["named_currency"] = message.currency
    return store.common_parameters(
        message, arrival.payload, source=arrival.source, outcome=outcome.value, at=at, payment_id=payment_id
    ) | store.audit_parameters(at=at, action=action, subject=payment_id, company_id=company_id, facts=facts)
