"""The settlement's statements: one locked read, one write, so that a hot row is held briefly.

Plain SQL on purpose: the object mapper's many small statements made settlement four times slower
(docs/adr/0009). The rules are in `settlement.rules`; nothing here decides anything.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from app.db.models import OrderStatus, PaymentStatus, SubscriptionStatus
from app.db.models.plan_price import Interval
from app.domain.audit.service import entry_values
from app.domain.billing.settlement.rules import Applied, PaymentFacts
from app.domain.payments.paytr.messages import PaytrCallback
from app.lib.ids import uuid7
from app.lib.statements import Statement, Transaction, fetch

LOCKED = Statement("""
SELECT p.id AS payment_id, p.status, p.channel, p.amount, p.currency, p.merchant_oid,
       o.id AS order_id, o.status AS order_status, o.plan_code, o.plan_name, o.price_id, o.interval,
       o.gross, o.net, o.vat, o.vat_basis_points,
       s.id AS subscription_id, s.status AS subscription_status, s.anchor_at,
       s.current_period_start, s.current_period_end,
       c.id AS company_id, c.name AS company_name, c.language, c.legal_name, c.tax_office, c.tax_number,
       c.address, c.phone, u.email, u.full_name
  FROM payments p
  JOIN orders o ON o.id = p.order_id
  JOIN subscriptions s ON s.id = o.subscription_id
  JOIN companies c ON c.id = p.company_id
  LEFT JOIN users u ON u.id = o.placed_by_id
 WHERE p.merchant_oid = :merchant_oid
   FOR NO KEY UPDATE OF p, o, s
""")

EVENT = """
    INSERT INTO payment_events (id, merchant_oid, payment_id, source, outcome, payload, received_at)
    VALUES (:event_id, :merchant_oid, :payment_id, :source, :outcome, CAST(:payload AS jsonb), :at)
"""
AUDIT = """
    INSERT INTO audit_entries
           (id, at, company_id, actor_id, actor, action, subject, facts, address, request_id)
    VALUES (:audit_id, :at, :company_id, NULL, 'paytr', :action, :subject, CAST(:facts AS jsonb),
            :address, :request_id)
"""
CASE = """
    INSERT INTO operator_cases (id, kind, subject, company_id, facts, opened_at)
    VALUES (:case_id, :kind, :merchant_oid, :company_id, CAST(:facts AS jsonb), :at)
    ON CONFLICT (kind, subject) DO NOTHING
"""

APPLY = Statement(f"""
WITH event AS ({EVENT}),
payment AS (
    UPDATE payments
       SET status = 'succeeded', collected = :collected, succeeded_at = :at, failed_at = NULL,
           failure_code = NULL, failure_message = NULL, next_inquiry_at = :inquire_at, inquiries = 0
     WHERE id = :payment_id
),
paid AS (UPDATE orders SET status = 'paid', paid_at = :at WHERE id = :order_id),
subscription AS (
    UPDATE subscriptions
       SET status = 'active', plan_code = :plan_code, price_id = :price_id, interval = :interval,
           anchor_at = :anchor_at, current_period_start = :covered_start, current_period_end = :covered_end,
           cancel_at_period_end = FALSE, canceled_at = NULL, suspended_at = NULL, next_attempt_at = NULL
     WHERE id = :subscription_id
)
{AUDIT}
""")  # noqa: S608 constants of this module only

DECLINE = Statement(f"""
WITH event AS ({EVENT}),
payment AS (
    UPDATE payments
       SET status = 'failed', failed_at = :at, failure_code = :failure_code,
           failure_message = :failure_message, next_inquiry_at = NULL
     WHERE id = :payment_id
)
{AUDIT}
""")  # noqa: S608 constants of this module only

REFUSE_CARD = Statement("""
UPDATE stored_cards SET refused_at = :at
 WHERE refused_at IS NULL
   AND id = (SELECT card_id FROM payments WHERE id = :payment_id AND channel = 'stored_card')
""")
"""Of a stored card alone: a page's card was typed by its owner, who may do so again."""

HOLD = Statement(f"""
WITH event AS ({EVENT}),
payment AS (
    UPDATE payments
       SET status = 'succeeded', collected = :collected, succeeded_at = :at, is_surplus = TRUE,
           failed_at = NULL, failure_code = NULL, failure_message = NULL,
           next_inquiry_at = :inquire_at, inquiries = 0
     WHERE id = :payment_id
),
operator_case AS ({CASE})
{AUDIT}
""")  # noqa: S608 constants of this module only

UNKNOWN = Statement(f"WITH event AS ({EVENT}) {CASE}")


@dataclass(frozen=True, slots=True)
class Locked:
    """The locked rows of one settlement."""

    row: Any

    @property
    def facts(self) -> PaymentFacts:
        """Return the row as the rules read it."""
        row = self.row
        return PaymentFacts(
            status=PaymentStatus(row.status),
            amount=row.amount,
            currency=row.currency,
            order_status=OrderStatus(row.order_status),
            interval=Interval(row.interval),
            subscription_status=SubscriptionStatus(row.subscription_status),
            anchor_at=row.anchor_at,
            period_start=row.current_period_start,
            period_end=row.current_period_end,
        )


async def lock(transaction: Transaction, merchant_oid: str) -> Locked | None:
    """Take the payment, its order and its subscription for this transaction."""
    rows = await fetch(transaction, LOCKED, {"merchant_oid": merchant_oid})
    return Locked(rows[0]) if rows else None


async def write_applied(
    transaction: Transaction, row: Any, decision: Applied, parameters: dict[str, Any]
) -> None:
    """Record the success and activate what was bought."""
    await fetch(
        transaction,
        APPLY,
        parameters
        | {
            "order_id": row.order_id,
            "subscription_id": row.subscription_id,
            "plan_code": row.plan_code,
            "price_id": row.price_id,
            "interval": row.interval,
            "anchor_at": decision.anchor_at,
            "covered_start": decision.covered.start,
            "covered_end": decision.covered.end,
        },
    )


def common_parameters(
    message: PaytrCallback,
    payload: dict[str, str],
    *,
    source: str,
    outcome: str,
    at: datetime,
    payment_id: UUID | None,
) -> dict[str, Any]:
    """Return what every write of a settlement says about the message itself."""
    return {
        "event_id": uuid7(),
        "merchant_oid": message.merchant_oid,
        "payment_id": payment_id,
        "source": source,
        "outcome": outcome,
        "payload": encode(payload),
        "at": at,
    }


def audit_parameters(
    *, at: datetime, action: str, subject: object, company_id: UUID, facts: dict[str, Any]
) -> dict[str, Any]:
    """Return the audit entry of a settlement as parameters."""
    entry = entry_values(
        at=at, action=action, subject=subject, company_id=company_id, actor="paytr", facts=facts
    )
    return {
        "audit_id": uuid7(),
        "company_id": company_id,
        "action": action,
        "subject": entry["subject"],
        "facts": encode(facts),
        "address": entry["address"],
        "request_id": entry["request_id"],
    }


def encode(value: Any) -> str:
    """Return JSON text for a jsonb parameter."""
    return msgspec.json.encode(value).decode()
