"""When something of one company is due next: the instants that the sweeps wait for, by the sweep's name."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import (
    CardRegistration,
    EmailMessage,
    Invoice,
    Payment,
    Refund,
    StoredCard,
    Subscription,
    SubscriptionStatus,
)
from app.domain.billing import renewal_notices, retention
from app.domain.billing.receipts import FAST_PATH
from app.domain.billing.trials import rules as trials

Instants = list[Select[Any]]


def _ahead(instant: Any, days: Iterable[int], *conditions: ColumnElement[bool]) -> Instants:
    """Return an instant of the subscription and those that are so many days before it."""
    return [select(instant - timedelta(days=count)).where(*conditions) for count in (*days, 0)]


def _of_subscriptions() -> Instants:
    is_active = Subscription.status == SubscriptionStatus.ACTIVE
    return [
        select(Subscription.current_period_end).where(is_active),
        select(Subscription.next_attempt_at),
    ]


INSTANTS: dict[str, Callable[[], Instants]] = {
    "subscription_manager": _of_subscriptions,
    "trial_check": lambda: _ahead(
        Subscription.trial_ends_at,
        trials.REMINDED_AHEAD,
        Subscription.status == SubscriptionStatus.TRIALING,
    ),
    "renewal_notices": lambda: _ahead(
        Subscription.current_period_end,
        (renewal_notices.AHEAD,),
        Subscription.status == SubscriptionStatus.ACTIVE,
    ),
    "retention_check": lambda: _ahead(
        Subscription.data_kept_until, retention.REMINDED_AHEAD, Subscription.data_deleted_at.is_(None)
    ),
    # one column for both: `created` is sent, everything later is asked about
    "sweep_charges": lambda: [select(Payment.next_inquiry_at)],
    "sweep_inquiries": lambda: [select(Payment.next_inquiry_at)],
    "sweep_refunds": lambda: [select(Refund.next_attempt_at)],
    "sweep_card_registrations": lambda: [select(CardRegistration.next_attempt_at)],
    "sweep_card_removals": lambda: [select(StoredCard.removal_due_at)],
    "sweep_invoices": lambda: [
        select(Invoice.issued_at + FAST_PATH).where(Invoice.pdf_rendered_at.is_(None))
    ],
    "sweep_emails": lambda: [select(EmailMessage.next_attempt_at)],
}
"""Every sweep that works for one company; a test holds the names against the list of sweeps."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What waits for one company at one instant."""

    due: frozenset[str]
    """The sweeps that may find something now; one that has told of it already finds nothing."""
    coming: datetime | None
    """The first instant after this one at which anything is due."""


async def outlook(session: AsyncSession, company_id: UUID, at: datetime) -> Outlook:
    """Return what is due at `at` and what comes next. One query."""
    parts = [_part(name, one, company_id, at) for name, instants in INSTANTS.items() for one in instants()]
    rows = (await session.execute(union_all(*parts))).all()
    coming = [row.coming for row in rows if row.coming is not None]
    return Outlook(frozenset(row.name for row in rows if row.is_due), min(coming, default=None))


def _part(name: str, instants: Select[Any], company_id: UUID, at: datetime) -> Select[Any]:
    (table,) = instants.get_final_froms()
    (instant,) = instants.selected_columns
    return instants.with_only_columns(
        literal(name).label("name"),
        func.bool_or(instant <= at).label("is_due"),
        func.min(instant).filter(instant > at).label("coming"),
    ).where(table.c.company_id == company_id)
