"""A company with somebody who goes, and drivers that may be deaf."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import (
    AuditEntry,
    MemberRemoval,
    Membership,
    WorkspaceStatus,
)
from app.domain.companies.viewer import viewer_of
from app.domain.people.departures import TO_OWNER, Choice, end_membership
from app.domain.people.removals import follow
from app.domain.workspaces.attempts import Machinery
from app.domain.workspaces.drivers.base import DriverError, DriverState, Report, WorkspaceSpec
from app.domain.workspaces.drivers.fakes import FAILURE, FakeDriver
from app.lib.clock import now, real_now
from app.lib.uow import unit_of_work
from tests.domain.workspaces.desk import Desk, work_off
from tests.factories import Customer

Sessions = async_sessionmaker[AsyncSession]
W = WorkspaceStatus


class DeafDriver(FakeDriver):
    """Cannot delete as long as it is deaf."""

    def __init__(self) -> None:
        super().__init__()
        self.is_deaf = True

    async def destroy(self, spec: WorkspaceSpec, state: DriverState, report: Report) -> None:
        """Fail, or forget the files."""
        if self.is_deaf:
            raise DriverError(FAILURE, detail="the fake was told to fail")
        await super().destroy(spec, state, report)


@dataclass(frozen=True)
class Firm:
    """A company with an owner, a developer who goes, and a colleague."""

    session_maker: Sessions
    machinery: Machinery
    owner: Customer
    leaver: Desk
    colleague: Desk

    async def end(self, person: Customer, choice: Choice = TO_OWNER, by: UUID | None = None) -> MemberRemoval:
        """End a membership as a request does."""
        of_person = (Membership.user_id == person.user.id, Membership.company_id == self.owner.company.id)
        async with unit_of_work(self.session_maker) as session:
            membership = (await session.scalars(select(Membership).where(*of_person))).one()
            actor = by or self.owner.user.id
            return await end_membership(session, membership, by=actor, choice=choice, at=now())

    async def look(self, removal: MemberRemoval) -> MemberRemoval:
        """Look after a removal once it is due, as the sweep does, and return it."""
        async with unit_of_work(self.session_maker) as session:
            due = (await session.get_one(MemberRemoval, removal.id)).next_attempt_at
            await follow(session, removal.id, at=due or real_now())
        async with self.session_maker() as session:
            return await session.get_one(MemberRemoval, removal.id)

    async def carry_out(self) -> None:
        """Let the drivers do what was asked."""
        await work_off(self.machinery)

    async def told(self, subject: UUID) -> list[str]:
        """Return the actions of the trail about something, in order."""
        entries = select(AuditEntry.action).where(AuditEntry.subject == str(subject)).order_by(AuditEntry.id)
        async with self.session_maker() as session:
            return list(await session.scalars(entries))

    async def is_member(self, person: Customer) -> bool:
        async with self.session_maker() as session:
            found = await viewer_of(
                session, user_id=person.user.id, company_id=self.owner.company.id, session_epoch=0
            )
        return found is not None
