"""What is due, and when: the instants that the sweeps wait for, by the sweep's name."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    DateTime,
    Select,
    Uuid,
    bindparam,
    func,
    literal,
    select,
    union_all,
)
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
AT = bindparam("instant", type_=DateTime(timezone=True))


def _ahead(instant: Any, days: Iterable[int], *conditions: ColumnElement[bool]) -> Instants:
    """Return an instant of the subscription and those that are so many days before it."""
    return [select(instant - timedelta(days=count)).where(*conditions) for count in (*days, 0)]


IS_ACTIVE = Subscription.status == SubscriptionStatus.ACTIVE
INSTANTS: dict[str, Instants] = {
    "subscription_manager": [
        select(Subscription.current_period_end).where(IS_ACTIVE),
        select(Subscription.next_attempt_at),
    ],
    "trial_check": _ahead(
        Subscription.trial_ends_at, trials.REMINDED_AHEAD, Subscription.status == SubscriptionStatus.TRIALING
    ),
    "renewal_notices": _ahead(Subscription.current_period_end, (renewal_notices.AHEAD,), IS_ACTIVE),
    "retention_check": _ahead(
        Subscription.data_kept_until, retention.REMINDED_AHEAD, Subscription.data_deleted_at.is_(None)
    ),
    # one column for both: a charge that was written down is sent, everything else is asked about
    "sweep_charges": [select(Payment.next_inquiry_at)],
    "sweep_inquiries": [select(Payment.next_inquiry_at)],
    "sweep_refunds": [select(Refund.next_attempt_at)],
    "sweep_card_registrations": [select(CardRegistration.next_attempt_at)],
    "sweep_card_removals": [select(StoredCard.removal_due_at)],
    "sweep_invoices": [select(Invoice.issued_at + FAST_PATH).where(Invoice.pdf_rendered_at.is_(None))],
    "sweep_emails": [select(EmailMessage.next_attempt_at)],
}
"""Every sweep that works for companies; a test holds the names against the list of sweeps."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What waits for one company at one instant."""

    due: frozenset[str]
    """The sweeps that may find something now; one that has told of it already finds nothing."""
    coming: datetime | None
    """The first instant after this one at which anything is due."""


async def outlook(session: AsyncSession, company_id: UUID, at: datetime) -> Outlook:
    """Return what is due at `at` and what comes next. One query."""
    rows = (await session.execute(_statement(), {"company_id": company_id, "instant": at})).all()
    coming = [row.coming for row in rows if row.coming is not None]
    return Outlook(frozenset(row.name for row in rows if row.is_due), min(coming, default=None))


async def due_sweeps(session: AsyncSession, at: datetime) -> frozenset[str]:
    """Return the sweeps that may find something of anybody at `at`; the others find nothing. One query."""
    return frozenset(await session.scalars(_question(), {"instant": at}))


@cache
def _statement() -> CompoundSelect[Any]:
    """Build the query once: an advance asks it hundreds of times."""
    return union_all(*(_part(name, one) for name, instants in INSTANTS.items() for one in instants))


@cache
def _question() -> CompoundSelect[Any]:
    """Build the question once: a rehearsal asks it a few times a day."""
    return union_all(*(_asked(name, one) for name, instants in INSTANTS.items() for one in instants))


def _asked(name: str, instants: Select[Any]) -> Select[Any]:
    (instant,) = instants.selected_columns
    return select(literal(name)).where(instants.where(instant <= AT).exists())


def _part(name: str, instants: Select[Any]) -> Select[Any]:
    (table,) = instants.get_final_froms()
    (instant,) = instants.selected_columns
    return instants.with_only_columns(
        literal(name).label("name"),
        func.bool_or(instant <= AT).label("is_due"),
        func.min(instant).filter(instant > AT).label("coming"),
    ).where(table.c.company_id == bindparam("company_id", type_=Uuid()))
