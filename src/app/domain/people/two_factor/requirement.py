"""Who has to have a second factor: everybody of a company that requires it, and operators."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Company, Membership, SecondFactor, User
from app.domain.accounts.operators import Operator
from app.domain.audit.service import record
from app.domain.companies.permissions import Permission
from app.domain.companies.person import Person
from app.domain.companies.viewer import Viewer
from app.domain.jobs import Job
from app.domain.people.two_factor.verification import factor_of
from app.lib.errors import DomainError
from app.lib.events import COME_ANEW
from app.lib.i18n import N_
from app.lib.settings import Settings
from app.lib.uow import defer


class TwoFactorMissing(Exception):
    """This person needs a second factor here and has none yet: they are led to where it is set up."""


@dataclass(frozen=True, slots=True)
class Safety:
    """How a company's people log in."""

    with_factor: Sequence[str]
    without: Sequence[str]
    """Names of those who would be led to set one up."""


def lacks_two_factor(viewer: Viewer | Person | Operator, settings: Settings) -> bool:
    """Say whether everything is closed to somebody until they have set up a second factor."""
    if isinstance(viewer, Operator):
        if viewer.support or viewer.support_is_over:
            return False  # the console let them begin it, and losing a factor ends the session
        return settings.operators_need_two_factor and not viewer.has_two_factor
    return viewer.lacks_two_factor


async def safety_of(session: AsyncSession, viewer: Viewer) -> Safety:
    """Return who of the company has a second factor, by name."""
    statement = (
        select(User.full_name, exists().where(SecondFactor.user_id == User.id))
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.company_id == viewer.company.id)
        .order_by(User.full_name, User.id)
    )
    people = (await session.execute(statement)).all()
    return Safety(
        [name for name, has_factor in people if has_factor],
        [name for name, has_factor in people if not has_factor],
    )


async def choose_requirement(session: AsyncSession, viewer: Viewer, *, required: bool, at: datetime) -> None:
    """Require a second factor of everybody in the company, or no longer; open streams ask again.

    Raises `DomainError` while the owner, who asks for it, has none.
    """
    viewer.require(Permission.REQUIRE_TWO_FACTOR)
    if required and await factor_of(session, viewer.user.id) is None:
        raise DomainError(N_("Set it up for yourself first: you would be the first to be shut out."))
    company = await session.get_one(Company, viewer.company.id, with_for_update=True, populate_existing=True)
    if company.requires_two_factor is required:
        return
    company.requires_two_factor = required
    record(
        session,
        at=at,
        action="company.two_factor_required" if required else "company.two_factor_optional",
        subject=company.id,
        company_id=company.id,
        actor_id=viewer.user.id,
    )
    defer(session, Job.ANNOUNCE, company_id=str(company.id), event=COME_ANEW)
