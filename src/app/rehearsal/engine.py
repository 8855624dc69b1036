"""Days go by: every sweep around money runs over the copy, and the buyers' bank answers at once."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from app.domain.billing.clocks.due import due_sweeps
from app.domain.billing.settlement.service import Arrival, settle
from app.domain.payments.paytr.messages import PaytrCallback
from app.lib.storage import MemoryStorage
from app.lib.uow import driver_unit_of_work, unit_of_work
from app.rehearsal.calendar import Calendar
from app.rehearsal.clock import VirtualClock
from app.rehearsal.provider import RehearsalGateway
from app.tasks.billing import SWEEPS
from app.tasks.context import Resources

ROUNDS: Final = 12
"""Passes at one instant at most; what is left comes at the next."""
LEFT_OUT: Final = frozenset(
    {
        "sweep_emails",  # no letter leaves a rehearsal
        "sweep_invoices",  # documents are issued, their PDFs are not drawn
        "sweep_card_registrations",
        "sweep_card_removals",
        "sweep_reconciliation",
    }
)


@dataclass
class Outcome:
    """What did not go as it should; what happened is read from the copy."""

    failures: dict[str, int] = field(default_factory=dict)
    """Rows that a sweep failed on, by its name."""
    unreadable_cards: int = 0


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The engine on its copy, at each of some instants."""

    resources: Resources
    gateway: RehearsalGateway
    clock: VirtualClock
    calendar: Calendar

    async def run(self, progress: Callable[[float], None]) -> Outcome:
        """Live through every instant; `progress` is told the share that is done."""
        outcome = Outcome()
        async with unit_of_work(self.resources.session_maker) as session:
            outcome.unreadable_cards = await self.gateway.take_over_cards(
                session, self.resources.settings.keys
            )
        for number, instant in enumerate(self.calendar.instants, start=1):
            await self._live_through(instant, outcome)
            progress(number / len(self.calendar.instants))
        return outcome

    async def _live_through(self, instant: datetime, outcome: Outcome) -> None:
        self.clock.at = instant
        self.gateway.let_cards_expire()
        for _ in range(ROUNDS):
            done = await self._sweep(await self._due(), outcome)
            if not await self._tell_of_payments() and not done:
                return
            self.clock.at += self.calendar.follow_up

    async def _due(self) -> list[str]:
        """Return the sweeps that may find something, in their order: on most days there is none."""
        async with unit_of_work(self.resources.session_maker) as session:
            due = await due_sweeps(session, self.clock.at)
        return [name for name in SWEEPS if name in due and name not in LEFT_OUT]

    async def _sweep(self, names: list[str], outcome: Outcome) -> int:
        done = 0
        for name in names:
            tally = await SWEEPS[name](self.resources, self.clock.at)
            done += tally.done
            if tally.failed:
                outcome.failures[name] = outcome.failures.get(name, 0) + tally.failed
        return done

    async def _tell_of_payments(self) -> int:
        """Deliver PayTR's callbacks, in the order of the charges."""
        untold = self.gateway.untold()
        for merchant_oid, total in untold:
            message = PaytrCallback(merchant_oid=merchant_oid, status="success", total_amount=total)
            async with driver_unit_of_work(self.resources.session_maker) as transaction:
                await settle(
                    transaction, Arrival(message, {}), settings=self.resources.settings, at=self.clock.at
                )
        return len(untold)


def prepare(resources: Resources, engine: AsyncEngine, *, start: datetime, calendar: Calendar) -> Rehearsal:
    """Return the rehearsal of `resources` on the copy that `engine` reaches.

    Several rows at a time, as the real workers do: no two of one sweep concern the same company, so it makes
    no difference which comes first. Without a queue, so that nothing leaves for the real workers.
    """
    clock = VirtualClock(start)
    gateway = RehearsalGateway(clock)
    own = replace(
        resources,
        engine=engine,
        session_maker=async_sessionmaker(engine, expire_on_commit=False),
        storage=MemoryStorage(),
        gateway=gateway,
        keeps_runs=False,
    )
    return Rehearsal(own, gateway, clock, calendar)
