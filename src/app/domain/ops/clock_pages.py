"""Reading test clocks for operators and the command line."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Company, Subscription, SubscriptionStatus, TestClock
from app.domain.ops.happenings import Happenings, happenings_of
from app.lib.errors import NotFound
from app.lib.i18n import N_


@dataclass(frozen=True, slots=True)
class ClockRow:
    """A clock with the company that lives on it, and where its subscription stands."""

    clock: TestClock
    company: Company
    subscription_status: SubscriptionStatus | None

    def may_return(self, at: datetime) -> bool:
        """Say whether real time has caught up with the clock, so that the company can return to it."""
        return self.clock.advancing_to is None and self.clock.at <= at


@dataclass(frozen=True, slots=True)
class ClockFile:
    """One clock, and what its latest advance brought."""

    row: ClockRow
    happened: Happenings


async def list_clocks(session: AsyncSession) -> list[ClockRow]:
    """Return every clock, by its company's name."""
    return [ClockRow(*row) for row in await session.execute(_rows().order_by(Company.name, Company.id))]


async def clock_file(session: AsyncSession, company_id: UUID) -> ClockFile:
    """Return a company's clock and what happened since it began its latest advance; raises `NotFound`."""
    row = (await session.execute(_rows().where(Company.id == company_id))).one_or_none()
    if row is None:
        raise NotFound(N_("This company lives in real time."))
    found = ClockRow(*row)
    return ClockFile(found, await happenings_of(session, company_id, found.clock.began_at))


async def clock_of_company(session: AsyncSession, slug: str) -> ClockRow:
    """Return the clock of the company with this slug; raises `NotFound`."""
    row = (await session.execute(_rows().where(Company.slug == slug))).one_or_none()
    if row is None:
        raise NotFound(N_("This company lives in real time."))
    return ClockRow(*row)


def _rows() -> Select[TestClock, Company, SubscriptionStatus]:
    live = (Subscription.company_id == Company.id) & (Subscription.status != SubscriptionStatus.CANCELED)
    return (
        select(TestClock, Company, Subscription.status)
        .join(Company, Company.id == TestClock.company_id)
        .outerjoin(Subscription, live)
        .execution_options(populate_existing=True)
    )
