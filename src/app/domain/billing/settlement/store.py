"""The settlement's statements: one locked read, one write, so that a hot row is held briefly.

Plain SQL on purpose: the object mapper's many small statements made settlement four times slower
(docs/adr/0009). The rules are in `settlement.rules`; nothing here decides anything.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from app.db.models import Interval, OrderKind, OrderStatus, PaymentStatus, SubscriptionStatus
from app.domain.audit.service import entry_values
from app.domain.billing.settlement.rules import Applied, PaymentFacts
from app.domain.billing.settlement.unused import room_in, rooms_of
from app.domain.ledger.posting import JOURNALS
from app.domain.payments.paytr.messages import PaytrCallback
from app.domain.subscriptions.periods import Period
from app.lib.ids import uuid7
from app.lib.statements import Statement, Transaction, fetch

ORDERED = """
       o.id AS order_id, o.status AS order_status, o.kind AS order_kind,
       o.plan_code, o.plan_name, o.price_id, o.interval,
       o.gross, o.net, o.vat, o.vat_basis_points, o.credit, o.unused, o.replaces_price_id,
       o.period_start AS ordered_start, o.period_end AS ordered_end,
       s.id AS subscription_id, s.status AS subscription_status, s.anchor_at,
       s.past_due_since, s.suspended_at, s.current_period_start, s.current_period_end,
       s.interval AS held_interval, s.price_id AS held_price_id,
       (SELECT k.balance FROM company_credits k
         WHERE k.company_id = o.company_id AND k.currency = o.currency) AS credit_balance,
       c.id AS company_id, c.name AS company_name, c.language, c.legal_name, c.tax_office, c.tax_number,
       c.address, c.phone, u.email, u.full_name,
       (SELECT t.at FROM test_clocks t WHERE t.company_id = c.id) AS clock_at
"""
LOCKED = Statement(f"""
SELECT p.id AS payment_id, p.status, p.channel, p.amount, p.currency, p.merchant_oid, {ORDERED}
  FROM payments p
  JOIN orders o ON o.id = p.order_id
  JOIN subscriptions s ON s.id = o.subscription_id
  JOIN companies c ON c.id = p.company_id
  LEFT JOIN users u ON u.id = o.placed_by_id
 WHERE p.merchant_oid = :merchant_oid
   FOR NO KEY UPDATE OF s, o, p
""")  # noqa: S608 constants of this module only
"""Rows are locked in the order they are named in: the subscription first, as everybody does."""
LOCKED_ORDER = Statement(f"""
SELECT NULL AS payment_id, 'created' AS status, NULL AS channel, o.gross - o.credit AS amount, o.currency,
       NULL AS merchant_oid, {ORDERED}
  FROM orders o
  JOIN subscriptions s ON s.id = o.subscription_id
  JOIN companies c ON c.id = o.company_id
  LEFT JOIN users u ON u.id = o.placed_by_id
 WHERE o.id = :order_id
   FOR NO KEY UPDATE OF s, o
""")  # noqa: S608 constants of this module only
"""An order without a payment, in the same columns."""

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

ACTIVATION = f"""
paid AS (UPDATE orders SET status = 'paid', paid_at = :at WHERE id = :order_id),
replaced AS (
    UPDATE orders SET status = 'canceled'
     WHERE subscription_id = :subscription_id AND status = 'open' AND kind <> 'purchase' AND id <> :order_id
),
subscription AS (
    UPDATE subscriptions
       SET status = 'active', plan_code = :plan_code, price_id = :price_id, interval = :interval,
           anchor_at = :anchor_at, current_period_start = :covered_start, current_period_end = :covered_end,
           cancel_at_period_end = cancel_at_period_end AND :keeps_intentions,
           pending_price_id = CASE WHEN :keeps_intentions THEN pending_price_id END,
           pending_since = CASE WHEN :keeps_intentions THEN pending_since END,
           converts_at_trial_end = FALSE, canceled_at = NULL, suspended_at = NULL, past_due_since = NULL,
           charge_attempts = 0, next_attempt_at = NULL, data_kept_until = NULL, data_deleted_at = NULL
     WHERE id = :subscription_id
),
{JOURNALS}
"""  # noqa: S608 constants of this module only
"""What paying an order changes, whoever pays it and however; `slice` goes with it."""
SLICE = """
slice AS (
    INSERT INTO plan_slices (id, company_id, subscription_id, order_id, period_start, period_end, starts_at,
                             price_id, gross)
    SELECT :slice_id, :company_id, :subscription_id, :order_id, :bought_start, :bought_end, :bought_start,
           id, gross
      FROM plan_prices
     WHERE id = :price_id
)
"""
SPLIT = """
slice AS (
    INSERT INTO plan_slices (id, company_id, subscription_id, order_id, period_start, period_end, starts_at,
                             price_id, gross)
    SELECT gen_random_uuid(), :company_id, :subscription_id, :order_id, paid_for.period_start,
           paid_for.period_end, greatest(paid_for.period_start, :bought_start), price.id, price.gross
      FROM (SELECT DISTINCT period_start, period_end FROM plan_slices
             WHERE subscription_id = :subscription_id AND period_start >= :covered_start
               AND period_end > :bought_start) AS paid_for,
           plan_prices AS price
     WHERE price.id = :price_id
)
"""
SUCCESS = f"""
WITH event AS ({EVENT}),
payment AS (
    UPDATE payments
       SET status = 'succeeded', collected = :collected, succeeded_at = :at, failed_at = NULL,
           failure_code = NULL, failure_message = NULL, next_inquiry_at = :inquire_at, inquiries = 0
     WHERE id = :payment_id
)
"""  # noqa: S608 constants of this module only
APPLY = Statement(f"{SUCCESS}, {ACTIVATION}, {SLICE} {AUDIT}")
APPLY_SPLIT = Statement(f"{SUCCESS}, {ACTIVATION}, {SPLIT} {AUDIT}")
ACTIVATE = Statement(f"WITH {ACTIVATION}, {SLICE} SELECT 1")
ACTIVATE_SPLIT = Statement(f"WITH {ACTIVATION}, {SPLIT} SELECT 1")
USE_CREDIT = Statement("""
UPDATE company_credits SET balance = balance - :credit
 WHERE company_id = :company_id AND currency = :currency
""")

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
operator_case AS ({CASE}),
{JOURNALS}
{AUDIT}
""")  # noqa: S608 constants of this module only

OPEN_CASE = Statement(CASE)
UNKNOWN = Statement(f"WITH event AS ({EVENT}) {CASE}")


@dataclass(frozen=True, slots=True)
class Locked:
    """The locked rows of one settlement."""

    row: Any
    creditable: int
    """What of the unused part of an old period can still be taken back and become credit."""

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
            kind=OrderKind(row.order_kind),
            ordered=Period(row.ordered_start, row.ordered_end) if row.ordered_end else None,
            held_interval=Interval(row.held_interval),
            held_price_id=row.held_price_id,
            replaces_price_id=row.replaces_price_id,
            credit=row.credit,
            credit_at_hand=self.creditable + (row.credit_balance or 0),
        )


async def lock(transaction: Transaction, merchant_oid: str) -> Locked | None:
    """Take the payment, its order and its subscription for this transaction."""
    rows = await fetch(transaction, LOCKED, {"merchant_oid": merchant_oid})
    return await _locked(transaction, rows[0]) if rows else None


async def lock_order(transaction: Transaction, order_id: UUID) -> Locked | None:
    """Take an order that needs no payment, and its subscription, for this transaction."""
    rows = await fetch(transaction, LOCKED_ORDER, {"order_id": order_id})
    return await _locked(transaction, rows[0]) if rows else None


async def _locked(transaction: Transaction, row: Any) -> Locked:
    if not row.unused:
        return Locked(row, 0)
    rooms = await rooms_of(
        transaction, row.subscription_id, since=row.current_period_start, at=row.ordered_start
    )
    return Locked(row, min(row.unused, room_in(rooms)))


def activation_parameters(row: Any, decision: Applied, at: datetime) -> dict[str, Any]:
    """Return what `ACTIVATION` and its slice say, but for the journals."""
    return {
        "at": at,
        "company_id": row.company_id,
        "currency": row.currency,
        "order_id": row.order_id,
        "subscription_id": row.subscription_id,
        "plan_code": row.plan_code,
        "price_id": row.price_id,
        "interval": row.interval,
        "anchor_at": decision.anchor_at,
        "covered_start": decision.covered.start,
        "covered_end": decision.covered.end,
        "bought_start": decision.bought.start,
        "bought_end": decision.bought.end,
        "slice_id": uuid7(),
        # what a person pays for is wanted from now on; a renewal that was on its way takes nothing back
        "keeps_intentions": row.order_kind == OrderKind.RENEWAL,
    }


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
