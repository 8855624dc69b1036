"""What is left of a paid period: which invoices it can be taken back from, and turning it into credit.

The newest invoice is taken back first. None is taken back beyond its total, nor beyond what of it has gone
back already or is on its way.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.db.models import Account
from app.domain.invoices.credit_notes import issue_credit_note, lock_invoices
from app.domain.ledger.credits import add_credit
from app.lib.i18n import N_
from app.lib.settings import Settings
from app.lib.statements import Statement, Transaction, fetch

PLAN_CHANGED = N_("The plan was changed before the period's end")

ROOMS = Statement("""
SELECT i.order_id, i.payment_id,
       i.total - greatest(i.credited, given.total + coalesce(p.refund_reserved, 0)) AS left,
       coalesce(p.amount - p.refund_reserved, 0) AS of_card, p.succeeded_at
  FROM invoices i
  JOIN orders o ON o.id = i.order_id
  LEFT JOIN payments p ON p.id = i.payment_id
 CROSS JOIN LATERAL (
       SELECT CAST(coalesce(sum(n.total), 0) AS bigint) AS total
         FROM invoices n
        WHERE n.corrects_id = i.id AND n.refund_id IS NULL
       ) AS given
 WHERE o.subscription_id = :subscription_id AND i.kind = 'invoice'
   AND i.period_start >= :since AND i.period_end > :at
 ORDER BY i.issued_at DESC, i.sequence DESC
""")


@dataclass(frozen=True, slots=True)
class Room:
    """How much of one invoice can still be taken back, in minor units."""

    order_id: UUID
    payment_id: UUID | None
    left: int
    of_card: int
    """What of its payment can still go back to the card; the rest of the invoice was paid with credit."""
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class Taken:
    """What is taken back of one invoice."""

    room: Room
    amount: int


async def rooms_of(
    transaction: Transaction, subscription_id: UUID, *, since: datetime, at: datetime
) -> list[Room]:
    """Return the invoices of what is paid from `since` on that reaches beyond `at`, newest first."""
    parameters = {"subscription_id": subscription_id, "since": since, "at": at}
    rows = await fetch(transaction, ROOMS, parameters)
    return [
        Room(row.order_id, row.payment_id, max(row.left, 0), max(row.of_card, 0), row.succeeded_at)
        for row in rows
    ]


def room_in(rooms: Iterable[Room]) -> int:
    """Return how much can be taken back in all."""
    return sum(room.left for room in rooms)


def spread(rooms: Iterable[Room], amount: int) -> list[Taken]:
    """Return what to take back of which invoice, at most `amount` in all."""
    taken = []
    for room in rooms:
        part = min(room.left, amount)
        if part > 0:
            taken.append(Taken(room, part))
            amount -= part
    return taken


async def credit_unused(transaction: Transaction, row: Any, settings: Settings, *, at: datetime) -> None:
    """Turn what a change leaves unused of the old period into credit: credit notes, books and balance.

    `row` is the locked order as it was before it was paid.
    """
    rooms = await rooms_of(
        transaction, row.subscription_id, since=row.current_period_start, at=row.ordered_start
    )
    taken = spread([room for room in rooms if room.order_id != row.order_id], row.unused)
    await give_credit(transaction, taken, row.company_id, row.currency, PLAN_CHANGED, settings, at=at)


async def give_credit(
    transaction: Transaction,
    taken: Sequence[Taken],
    company_id: UUID,
    currency: str,
    reason: str,
    settings: Settings,
    *,
    at: datetime,
) -> None:
    """Take invoices back into the company's credit; `reason` is a message id. Invoices are locked first."""
    await lock_invoices(transaction, [part.room.order_id for part in taken])
    for part in taken:
        await issue_credit_note(
            transaction,
            order_id=part.room.order_id,
            amount=part.amount,
            reason=reason,
            to=Account.COMPANY_CREDIT,
            refund_id=None,
            series=settings.credit_note_series,
            at=at,
        )
    await add_credit(transaction, company_id, currency, sum(part.amount for part in taken))
