"""An advance: one company lives from due instant to due instant, on the sweeps that everybody lives on."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from app.db.models import ClockStatus, Payment, PaymentChannel, PaymentStatus, TestClock
from app.domain.billing.clocks.due import Outlook, outlook
from app.domain.billing.clocks.service import (
    find_clock,
    finish_advance,
    hold_clock,
    move_clock,
    stop_advance,
)
from app.domain.companies.clocks import sessions_for
from app.domain.jobs import Job
from app.lib.clock import real_now
from app.lib.events import publish
from app.lib.uow import ENQUEUE, Deferred, Enqueue, unit_of_work
from app.tasks.billing import SWEEPS
from app.tasks.context import Resources

PATIENCE = 20.0
"""Seconds of real time in which PayTR's callback about a charge is waited for before the clock moves on; then
the status query is asked at its rungs."""
LOOK_AGAIN = 0.1
PASSES = 6
"""Over all sweeps at one instant at most: what comes of a step may be due at the same instant."""
ALWAYS = frozenset({"subscription_manager"})
"""It also stops what runs without being covered, for which there is no due column."""
OUTSIDE = frozenset({Job.RUN_TRANSITION, Job.ANNOUNCE})
"""What leaves for the queue during an advance: workspaces and open pages live in real time."""
HAVE_LEFT = (PaymentStatus.SENT, PaymentStatus.WAITING, PaymentStatus.UNKNOWN)
Progress = Callable[[TestClock], None]


@dataclass(frozen=True, slots=True)
class Walk:
    """One worker's part of an advance, on resources that find this company's rows alone."""

    resources: Resources
    company_id: UUID
    patience: float
    waited_for: set[UUID] = field(default_factory=set)
    """Charges that PayTR has said nothing about in time; the clock waits for each of them once."""

    async def live_through(self, at: datetime) -> str | None:
        """Do all that is due at one instant, answers of PayTR included; return what failed."""
        for _ in range(PASSES):
            ahead, done = await self.outlook(at), 0
            for name in (name for name in SWEEPS if name in ahead.due | ALWAYS):
                tally = await SWEEPS[name](self.resources, at)
                if tally.failed:
                    return f"{name}: {tally.problems[0]}"
                done += tally.done
            if not await self._answers_came() and not done:
                break
        return None

    async def outlook(self, at: datetime) -> Outlook:
        """Return what is due now and what comes next."""
        async with unit_of_work(self.resources.session_maker) as session:
            return await outlook(session, self.company_id, at)

    async def _answers_came(self) -> bool:
        """Wait while a charge is undecided that has left; say whether one of them was decided meanwhile."""
        loop = asyncio.get_running_loop()
        until, came = loop.time() + self.patience, False
        waiting = first = await self._undecided()
        while waiting and loop.time() < until:
            await asyncio.sleep(LOOK_AGAIN)
            waiting = await self._undecided()
            came = waiting != first
        self.waited_for.update(waiting)
        return came

    async def _undecided(self) -> set[UUID]:
        statement = select(Payment.id).where(
            Payment.company_id == self.company_id,
            Payment.channel == PaymentChannel.STORED_CARD,
            Payment.status.in_(HAVE_LEFT),
        )
        async with unit_of_work(self.resources.session_maker) as session:
            return set(await session.scalars(statement)) - self.waited_for


async def advance(
    resources: Resources,
    company_id: UUID,
    *,
    progress: Progress = lambda clock: None,
    patience: float = PATIENCE,
) -> TestClock | None:
    """Take a company's clock to where it was wished, and return it; nothing when somebody else holds it.

    Killed anywhere, it is taken up again from where the clock stands.
    """
    async with unit_of_work(resources.session_maker) as session:
        clock = await hold_clock(session, company_id, at=real_now())
    if clock is None:
        return None
    walk = Walk(resources_for(resources, company_id), company_id, patience)
    while clock is not None and clock.status is ClockStatus.ADVANCING:
        clock = await _step(walk, clock)
        if clock is not None:
            progress(clock)
        await publish(resources.redis, company_id, "clock-moved")
    await publish(resources.redis, company_id, "billing-changed")
    return clock


async def catch_up(resources: Resources, company_id: UUID, *, patience: float = PATIENCE) -> None:
    """Go on with an advance that nobody holds, or do what a standing clock has left over."""
    async with unit_of_work(resources.session_maker) as session:
        clock = await find_clock(session, company_id)
    if clock is not None and clock.status is ClockStatus.READY:
        problem = await Walk(resources_for(resources, company_id), company_id, 0).live_through(clock.at)
        if problem:
            raise RuntimeError(problem)
    elif clock is not None:
        await advance(resources, company_id, patience=patience)


def resources_for(resources: Resources, company_id: UUID) -> Resources:
    """Return resources that work for one company alone, one row after the other, without the queue."""
    session_maker = resources.session_maker
    enqueue: Enqueue | None = (session_maker.kw.get("info") or {}).get(ENQUEUE)

    async def hand_on(deferred: Sequence[Deferred]) -> None:
        outside = [one for one in deferred if one.job in OUTSIDE]
        if outside and enqueue is not None:
            await enqueue(outside)

    sessions = sessions_for(session_maker, company_id, hand_on)
    return replace(resources, session_maker=sessions, rows_at_once=1, keeps_runs=False)


async def _step(walk: Walk, clock: TestClock) -> TestClock | None:
    """Live through the instant the clock stands at, then move it on, or say that it has arrived."""
    problem = await walk.live_through(clock.at)
    target = clock.advancing_to or clock.at
    coming = (await walk.outlook(clock.at)).coming
    async with unit_of_work(walk.resources.session_maker) as session:
        if problem:
            return await stop_advance(session, clock, problem)
        if clock.at == target:
            return await finish_advance(session, clock, at=real_now())
        return await move_clock(session, clock, min(coming or target, target), at=real_now())
