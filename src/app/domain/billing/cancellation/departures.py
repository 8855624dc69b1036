"""What goes back to a company that ends its subscription at once: pure rules on plain values.

What is left of the paid periods is taken back from their invoices, newest first. What a card paid goes back
to that card; what credit paid, or what PayTR gives back no more, becomes credit again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.billing.refunds.rules import REFUNDABLE_FOR
from app.domain.billing.settlement.unused import Room, Taken, spread
from app.domain.subscriptions.proration import Slice, instant_of_change, unused


@dataclass(frozen=True, slots=True)
class CardRefund:
    """What goes back to the card of one payment, in minor units."""

    payment_id: UUID
    amount: int


@dataclass(frozen=True, slots=True)
class Departure:
    """What ending at `at` gives back."""

    at: datetime
    refunds: Sequence[CardRefund] = ()
    credits: Sequence[Taken] = ()

    @property
    def refunded(self) -> int:
        """What goes back to cards, in minor units."""
        return sum(refund.amount for refund in self.refunds)

    @property
    def credited(self) -> int:
        """What becomes credit, in minor units."""
        return sum(taken.amount for taken in self.credits)


def departure(slices: Sequence[Slice], rooms: Sequence[Room], at: datetime) -> Departure:
    """Return what is given back for the seconds that are paid and not used; `at` lies in a paid period."""
    instant = instant_of_change(slices, at)
    refunds: list[CardRefund] = []
    rest: list[Taken] = []
    for taken in spread(rooms, unused(slices, instant)):
        to_card = min(taken.amount, _refundable(taken.room, at))
        if to_card and taken.room.payment_id is not None:
            refunds.append(CardRefund(taken.room.payment_id, to_card))
        if taken.amount > to_card:
            rest.append(Taken(taken.room, taken.amount - to_card))
    return Departure(instant, refunds, rest)


def _refundable(room: Room, at: datetime) -> int:
    in_time = room.paid_at is not None and at - room.paid_at <= REFUNDABLE_FOR
    return room.of_card if in_time and room.payment_id is not None else 0
