"""What all companies share: time, PayTR's line, and the workers that do what is due."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, union_all

from app.db.models import Payment, Refund, Subscription, SubscriptionStatus
from app.domain.billing.renewal_notices import AHEAD
from app.domain.billing.retention import REMINDED_AHEAD as DELETION_REMINDERS
from app.domain.billing.trials.rules import REMINDED_AHEAD as TRIAL_REMINDERS
from app.tasks.billing import SWEEPS
from tests.factories import Person
from tests.scenarios.cashier import Cashier

SCHEDULED = (
    "trial_check",
    "subscription_manager",
    "renewal_notices",
    "retention_check",
    "sweep_charges",
    "sweep_inquiries",
    "sweep_refunds",
    "sweep_card_removals",
)
FOLLOW_UP = timedelta(minutes=2)
"""After that time what a pass has begun is looked at again."""
ROUNDS = 4
"""Passes after one wait at most; what is left comes with the next."""
LONGEST_OUTAGE = timedelta(hours=20)
DUE = union_all(
    *(
        select((column - timedelta(days=days)).label("due")).where(is_awaited)
        for column, is_awaited, ahead in (
            (Subscription.trial_ends_at, Subscription.status == SubscriptionStatus.TRIALING, TRIAL_REMINDERS),
            (Subscription.current_period_end, Subscription.status == SubscriptionStatus.ACTIVE, (AHEAD,)),
            (Subscription.data_kept_until, Subscription.data_deleted_at.is_(None), DELETION_REMINDERS),
        )
        for days in (*ahead, 0)
    ),
    select(Subscription.next_attempt_at),
    select(Payment.next_inquiry_at),
    select(Refund.next_attempt_at),
).subquery()
"""Every moment at which the scheduled work has something to do."""


@dataclass
class World:
    """One clock and one PayTR for everybody."""

    cashier: Cashier
    operator: Person
    at: datetime

    def __post_init__(self) -> None:
        self.cashier.gateway.clock = lambda: self.at

    def tick(self) -> datetime:
        """Return the next moment: no two things happen at one instant."""
        self.at += timedelta(seconds=1)
        return self.at

    async def wait(self, time: timedelta, *, reaches_paytr: bool = True, workers: int = 1) -> None:
        """Let time pass, and the workers do at once whatever is due then, until nothing is.

        PayTR is never away for longer than a day: what is undecided then is told of, as it should be.
        """
        self.at += time if reaches_paytr else min(time, LONGEST_OUTAGE)
        self.cashier.gateway.unreachable = not reaches_paytr
        for _ in range(ROUNDS):
            began = self.at
            await asyncio.gather(*(self._work() for _ in range(workers)))
            self.at += FOLLOW_UP
            due = await self.next_due(after=began)
            if due is None or due > self.at:
                break
        self.cashier.gateway.unreachable = False

    async def wait_for_next(self, seconds: int, *, workers: int = 1) -> None:
        """Let time pass to the next moment at which something is due, or to some seconds beside it."""
        if due := await self.next_due():
            await self.wait(max(due - self.at + timedelta(seconds=seconds), timedelta()), workers=workers)

    async def live_on(self, times: int, *, workers: int = 1) -> None:
        """Live through so many moments at which something is due."""
        for _ in range(times):
            await self.wait_for_next(0, workers=workers)

    async def next_due(self, after: datetime | None = None) -> datetime | None:
        """Return the next moment at which something is due for anybody."""
        statement = select(func.min(DUE.c.due)).where(DUE.c.due > (after or self.at))
        async with self.cashier.resources.session_maker() as session:
            due: datetime | None = await session.scalar(statement)
        return due

    async def _work(self) -> None:
        """Make one pass; nothing fails."""
        at = self.at
        for name in SCHEDULED:
            tally = await SWEEPS[name](self.cashier.resources, at)
            assert tally.failed == 0, name
