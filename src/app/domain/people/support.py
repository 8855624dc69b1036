"""Support access: an operator sees a company as its owner does, for a while, and the company knows of it.

Every instant here is the real one, whatever test clock the company lives on: this is about who is looking.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.db.models import Company, Membership, Role, SupportAccess, User
from app.domain.accounts.passwords import password_matches
from app.domain.audit.changes import changes_of
from app.domain.audit.service import record
from app.domain.companies.clocks import time_of
from app.domain.companies.support import end_access, tell
from app.domain.notifications import service as notifications
from app.domain.notifications.messages import SupportBegan
from app.lib.errors import DomainError, InvalidInput, NotAllowed, NotFound
from app.lib.i18n import N_

MINUTES: Final = (15, 30, 60)
SHORTEST_REASON, LONGEST_REASON = 10, 300
PATH: Final = "/company/support"
SHOWN: Final = 50


class AlreadyLooking(DomainError):
    """The operator has an access that still runs: one at a time."""


async def begin(
    session: AsyncSession,
    operator: User,
    company_id: UUID,
    *,
    reason: str,
    minutes: int,
    base_url: str,
    at: datetime,
) -> SupportAccess:
    """Begin an access, tell the trail and write to the owners.

    Raises `InvalidInput` at its field, `NotAllowed` when the company wants none, and `AlreadyLooking`.
    """
    reason = require_reason(reason, field="reason")
    if minutes not in MINUTES:
        raise InvalidInput(N_("Choose one of the times."), field="minutes")
    company = await _held(session, company_id)
    if not company.support_access_allowed:
        raise NotAllowed(N_("This company does not allow support access. Ask its owner."), field="company")
    await _close_what_is_over(session, operator, at=at)
    access: SupportAccess | None = await session.scalar(
        insert(SupportAccess)
        .values(
            company_id=company.id,
            operator_id=operator.id,
            reason=reason,
            began_at=at,
            ends_at=at + timedelta(minutes=minutes),
        )
        .on_conflict_do_nothing(
            index_elements=[SupportAccess.operator_id], index_where=SupportAccess.ended_at.is_(None)
        )
        .returning(SupportAccess)
    )
    if access is None:
        raise AlreadyLooking(N_("You look at a company already. End that access first."))
    tell(session, access, "support.began", at=at, facts={"reason": reason, "minutes": minutes})
    await _write_to_owners(session, access, company, base_url=base_url, at=at)
    return access


async def allow_changes(
    session: AsyncSession, operator: User, access_id: UUID, *, reason: str, password: str, at: datetime
) -> None:
    """Let an access change things for ten minutes, once. Raises `InvalidInput` at its field."""
    reason = require_reason(reason, field="reason")
    if not await password_matches(password, operator.password_hash):
        raise InvalidInput(N_("This is not your password."), field="password")
    access = await _access_of(session, access_id, at=at, operator_id=operator.id)
    if access.raised_at is not None:
        raise DomainError(N_("Changes were allowed once in this access. Begin another one for more."))
    access.raised_at, access.raise_reason = at, reason
    tell(session, access, "support.raised", at=at, facts={"reason": reason})


async def end_own(session: AsyncSession, operator: User, access_id: UUID, *, at: datetime) -> None:
    """End an access by whoever has it; one that is over stays as it is. Raises `NotFound` for another's."""
    access = await session.get(SupportAccess, access_id, with_for_update=True, populate_existing=True)
    if access is None or access.operator_id != operator.id:
        raise NotFound(N_("There is no such support access."))
    if access.runs(at):
        end_access(session, access, actor="operator", actor_id=operator.id, at=at)


async def end_for_company(
    session: AsyncSession, owner: User, company_id: UUID, access_id: UUID, *, at: datetime
) -> None:
    """End an access by the company that is looked at. Raises `NotFound` when it is over or another's."""
    access = await _access_of(session, access_id, at=at, company_id=company_id)
    end_access(session, access, actor="user", actor_id=owner.id, at=at)


async def set_allowed(
    session: AsyncSession, owner: User, company_id: UUID, *, allowed: bool, at: datetime
) -> None:
    """Allow support access or forbid it; what runs ends with the permission."""
    company = await _held(session, company_id)
    company.support_access_allowed = allowed
    if changes := changes_of(company):
        record(
            session,
            at=at,
            action="company.support_access_changed",
            subject=company.id,
            company_id=company.id,
            actor_id=owner.id,
            changes=changes,
        )
    if not allowed:
        for access in await session.scalars(_open(company_id=company.id).with_for_update()):
            if access.runs(at):
                end_access(session, access, actor="user", actor_id=owner.id, at=at)


async def overdue(session: AsyncSession, *, at: datetime, limit: int = 200) -> list[UUID]:
    """Return the accesses whose time is over and not written down yet."""
    statement = select(SupportAccess.id).where(SupportAccess.ended_at.is_(None), SupportAccess.ends_at <= at)
    return list(await session.scalars(statement.order_by(SupportAccess.ends_at).limit(limit)))


async def close(session: AsyncSession, access_id: UUID, *, at: datetime) -> None:
    """Write down that an access ended when its time was over; it opened nothing since."""
    access = await session.get(SupportAccess, access_id, with_for_update=True, populate_existing=True)
    if access is not None and access.ended_at is None and access.ends_at <= at:
        end_access(session, access, actor="system", actor_id=None, at=access.ends_at)


async def accesses_of(session: AsyncSession, company_id: UUID) -> list[SupportAccess]:
    """Return who looked at a company, the latest first."""
    statement = select(SupportAccess).where(SupportAccess.company_id == company_id)
    return list(await session.scalars(statement.order_by(SupportAccess.began_at.desc()).limit(SHOWN)))


async def latest_accesses(session: AsyncSession) -> list[SupportAccess]:
    """Return the latest accesses of every operator, with company and operator."""
    statement = (
        select(SupportAccess)
        .join(SupportAccess.operator)
        .join(SupportAccess.company)
        .options(contains_eager(SupportAccess.operator), contains_eager(SupportAccess.company))
        .order_by(SupportAccess.id.desc())
        .limit(SHOWN)
    )
    return list(await session.scalars(statement))


def require_reason(reason: str, *, field: str) -> str:
    """Return a reason in one line that somebody can read later; the company is shown it."""
    reason = " ".join(reason.split())
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON or not reason.isprintable():
        raise InvalidInput(
            N_("Say why in %(shortest)s to %(longest)s characters. The company reads it."),
            field=field,
            shortest=SHORTEST_REASON,
            longest=LONGEST_REASON,
        )
    return reason


async def _held(session: AsyncSession, company_id: UUID) -> Company:
    """Return the company, locked: beginning an access and forbidding it wait for each other."""
    return await session.get_one(Company, company_id, with_for_update=True, populate_existing=True)


async def _access_of(
    session: AsyncSession,
    access_id: UUID,
    *,
    at: datetime,
    company_id: UUID | None = None,
    operator_id: UUID | None = None,
) -> SupportAccess:
    statement = _open(company_id=company_id, operator_id=operator_id).where(SupportAccess.id == access_id)
    with_company = statement.join(SupportAccess.company).options(contains_eager(SupportAccess.company))
    locked = with_company.with_for_update(of=SupportAccess).execution_options(populate_existing=True)
    access = await session.scalar(locked)
    if access is None or not access.runs(at):
        raise NotFound(N_("This support access is over."))
    return access


def _open(*, company_id: UUID | None = None, operator_id: UUID | None = None) -> Select[SupportAccess]:
    statement = select(SupportAccess).where(SupportAccess.ended_at.is_(None))
    if company_id is not None:
        statement = statement.where(SupportAccess.company_id == company_id)
    if operator_id is not None:
        statement = statement.where(SupportAccess.operator_id == operator_id)
    return statement


async def _close_what_is_over(session: AsyncSession, operator: User, *, at: datetime) -> None:
    """Write down the end of what nobody ended: one row of an operator may be open."""
    for access in await session.scalars(_open(operator_id=operator.id).with_for_update()):
        if not access.runs(at):
            end_access(session, access, actor="system", actor_id=None, at=access.ends_at)
    await session.flush()


async def _write_to_owners(
    session: AsyncSession, access: SupportAccess, company: Company, *, base_url: str, at: datetime
) -> None:
    owners = select(User).join(Membership, Membership.user_id == User.id)
    found = owners.where(Membership.company_id == company.id, Membership.role == Role.OWNER)
    due = await time_of(session, company.id, at)  # the outbox of a company on a test clock is in its time
    for owner in await session.scalars(found):
        await notifications.queue_email(
            session,
            occasion=f"support-began:{access.id}:{owner.id}",
            message=SupportBegan(
                full_name=owner.full_name,
                company_name=company.name,
                reason=access.reason,
                began_at=access.began_at,
                ends_at=access.ends_at,
                support_url=f"{base_url}{PATH}",
            ),
            recipient=owner.email,
            language=owner.language,
            company_id=company.id,
            at=due,
        )
