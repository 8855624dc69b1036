"""Putting a company on a test clock, wishing that it moves, and letting it go again.

A clock stands still until it is moved and never goes back. The row itself holds how far an advance has come,
so whoever takes it up goes on from there; each move is a comparison with where the clock stood, so two who
hold one clock by mistake cannot both move it. `at` is real time everywhere here.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import ClockStatus, Company, TestClock
from app.domain.audit.service import record
from app.domain.jobs import Job
from app.lib.errors import DomainError, InvalidInput, NotAllowed, NotFound
from app.lib.i18n import N_
from app.lib.settings import Settings
from app.lib.uow import defer

LEASE = timedelta(minutes=2)
"""How long, in real time, a clock is held for one instant of its advance."""
FARTHEST = timedelta(days=5 * 366)
"""How far a clock is moved at once."""
IN_PRODUCTION = N_("There are no test clocks in production: every company lives in real time.")


async def begin_clock(
    session: AsyncSession, settings: Settings, company: str, *, actor_id: UUID | None, at: datetime
) -> TestClock:
    """Put a company, called by its slug or name, on a clock of its own that stands at `at`, the real instant.

    Not earlier: what has happened to the company happened in real time until now.
    """
    require_test_clocks(settings)
    found = await _company_called(session, company)
    await session.get_one(Company, found.id, with_for_update=True)
    if await find_clock(session, found.id) is not None:
        raise InvalidInput(N_("This company lives on a test clock already."), field="company")
    clock = TestClock(company_id=found.id, at=at, began_at=at, moved_at=at, status=ClockStatus.READY)
    session.add(clock)
    await session.flush()
    _note(session, clock, "clock.begun", actor_id, at=at)
    return clock


async def ask_to_advance(
    session: AsyncSession,
    settings: Settings,
    company_id: UUID,
    to: datetime,
    *,
    actor_id: UUID | None,
    at: datetime,
) -> TestClock:
    """Have a clock moved to `to` after the commit; raises the sentence that says what stands against it."""
    require_test_clocks(settings)
    clock = await require_clock(session, company_id)
    if clock.status is ClockStatus.ADVANCING:
        raise DomainError(N_("This clock is moving. Wait until it stands."))
    if to <= clock.at:
        raise InvalidInput(N_("Time only goes forward: choose an instant after the clock's."), field="to")
    if to - clock.at > FARTHEST:
        raise InvalidInput(N_("A clock is moved by five years at most. Move it twice."), field="to")
    clock.status, clock.began_at, clock.advancing_to = ClockStatus.ADVANCING, clock.at, to
    clock.error = clock.lease_until = None
    _note(session, clock, "clock.advanced", actor_id, at=at)
    defer(session, Job.ADVANCE_CLOCK, key=f"clock:{clock.id}:{to}", company_id=str(company_id))
    return clock


async def release_clock(
    session: AsyncSession, settings: Settings, company_id: UUID, *, actor_id: UUID | None, at: datetime
) -> None:
    """Let a company live in real time again, once that has caught up with its clock.

    Earlier it would live twice through the same days: periods that are paid would begin again, and documents
    bear dates that are still to come.
    """
    require_test_clocks(settings)
    clock = await require_clock(session, company_id)
    if clock.status is ClockStatus.ADVANCING:
        raise DomainError(N_("This clock is moving. Wait until it stands."))
    if clock.at > at:
        raise DomainError(
            N_(
                "This company has lived through days that are still to come. "
                "It can return to real time once that has reached its clock."
            )
        )
    _note(session, clock, "clock.released", actor_id, at=at)
    await session.delete(clock)


def require_test_clocks(settings: Settings) -> None:
    """Refuse in production."""
    if settings.is_production:
        raise NotAllowed(IN_PRODUCTION)


async def find_clock(session: AsyncSession, company_id: UUID) -> TestClock | None:
    """Return a company's clock as it stands now, if it has one."""
    statement = select(TestClock).where(TestClock.company_id == company_id)
    return await session.scalar(statement.execution_options(populate_existing=True))


async def require_clock(session: AsyncSession, company_id: UUID) -> TestClock:
    """Return a company's clock, locked; raises `NotFound` when it lives in real time."""
    clock = await session.scalar(
        select(TestClock).where(TestClock.company_id == company_id).with_for_update()
    )
    if clock is None:
        raise NotFound(N_("This company lives in real time."))
    return clock


async def due_clocks(session: AsyncSession, *, at: datetime) -> list[UUID]:
    """Return whose clock nobody holds: there is an advance to go on with, or a standing one's leftovers."""
    statement = select(TestClock.company_id).where(
        TestClock.status != ClockStatus.FAILED,
        or_(TestClock.lease_until.is_(None), TestClock.lease_until <= at),
    )
    return list(await session.scalars(statement.order_by(TestClock.moved_at)))


async def hold_clock(session: AsyncSession, company_id: UUID, *, at: datetime) -> TestClock | None:
    """Take a clock that is to advance and that nobody holds."""
    statement = (
        update(TestClock)
        .where(
            TestClock.company_id == company_id,
            TestClock.status == ClockStatus.ADVANCING,
            or_(TestClock.lease_until.is_(None), TestClock.lease_until <= at),
        )
        .values(lease_until=at + LEASE)
        .returning(TestClock)
    )
    return await session.scalar(statement.execution_options(populate_existing=True))


async def move_clock(
    session: AsyncSession, clock: TestClock, to: datetime, *, at: datetime
) -> TestClock | None:
    """Move a clock on, and hold it further; nothing when somebody else has moved it meanwhile."""
    return await _change(session, clock, at=to, moved_at=at, lease_until=at + LEASE)


async def finish_advance(session: AsyncSession, clock: TestClock, *, at: datetime) -> TestClock | None:
    """Note that a clock has arrived."""
    values = {"status": ClockStatus.READY, "advancing_to": None, "lease_until": None}
    return await _change(session, clock, moved_at=at, **values)


async def stop_advance(session: AsyncSession, clock: TestClock, error: str) -> TestClock | None:
    """Leave a clock at the instant at which the engine failed, so that somebody can look."""
    return await _change(session, clock, status=ClockStatus.FAILED, error=error, lease_until=None)


async def _change(session: AsyncSession, clock: TestClock, **values: object) -> TestClock | None:
    statement = (
        update(TestClock)
        .where(
            TestClock.id == clock.id,
            TestClock.at == clock.at,
            TestClock.status == ClockStatus.ADVANCING,
        )
        .values(**values)
        .returning(TestClock)
    )
    return await session.scalar(statement.execution_options(populate_existing=True))


async def _company_called(session: AsyncSession, called: str) -> Company:
    called = called.strip()
    by_name = func.lower(Company.name) == called.lower()
    found = list(await session.scalars(select(Company).where(or_(Company.slug == called, by_name)).limit(2)))
    if len(found) != 1:
        raise InvalidInput(N_("There is no company of this name, or more than one."), field="company")
    return found[0]


def _note(
    session: AsyncSession, clock: TestClock, action: str, actor_id: UUID | None, *, at: datetime
) -> None:
    """Write down who did it, at the real instant: the company's own days are what the clock makes."""
    record(
        session,
        at=at,
        action=action,
        subject=clock.id,
        company_id=clock.company_id,
        actor_id=actor_id,
        actor="operator" if actor_id else "system",
        facts={"at": clock.at.isoformat(), "to": clock.advancing_to and clock.advancing_to.isoformat()},
    )
