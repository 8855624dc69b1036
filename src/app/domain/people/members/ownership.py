"""Handing a company over: by its owner alone, with the password, to one of its members."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Membership, Role, User
from app.domain.accounts.passwords import password_matches
from app.domain.audit.facts import about_person
from app.domain.audit.service import record
from app.domain.companies.permissions import Permission
from app.domain.companies.viewer import Viewer
from app.domain.notifications import service as notifications
from app.domain.notifications.messages import OwnershipHandedOver
from app.domain.people.members.queries import Member, members_of
from app.domain.people.members.service import hold_members, require_of
from app.lib.errors import InvalidInput, NotFound
from app.lib.i18n import N_


async def possible_owners(session: AsyncSession, viewer: Viewer) -> list[Member]:
    """Return who the company can be handed to: members whose address is confirmed."""
    viewer.require(Permission.TRANSFER_OWNERSHIP)
    return [
        member
        for member in await members_of(session, viewer.company.id)
        if member.role is not Role.OWNER and member.user.email_verified_at is not None
    ]


async def hand_over(
    session: AsyncSession, viewer: Viewer, *, to: str, password: str, base_url: str, at: datetime
) -> None:
    """Make another member the owner and its owner an admin, both in this transaction; both get a letter.

    Of two at once the second finds that it is no owner's any more. Raises `NotAllowed`, and `InvalidInput` at
    the field that is wrong.
    """
    viewer.require(Permission.TRANSFER_OWNERSHIP)
    if not await password_matches(password, viewer.user.password_hash):
        raise InvalidInput(N_("This is not your password."), field="password")
    own, member, heir = await _held(session, viewer, to)
    require_of(own, Permission.TRANSFER_OWNERSHIP)
    own.role = Role.ADMIN
    await session.flush()  # the index knows one owner at every moment: first none, then the new one
    member.role = Role.OWNER
    await session.flush()
    record(
        session,
        at=at,
        action="company.ownership_handed_over",
        subject=viewer.company.id,
        company_id=viewer.company.id,
        actor_id=viewer.user.id,
        facts=about_person(heir.id),
    )
    for person in (viewer.user, heir):
        await _tell(session, viewer, person, heir, base_url=base_url, at=at)


async def _tell(
    session: AsyncSession, viewer: Viewer, person: User, heir: User, *, base_url: str, at: datetime
) -> None:
    await notifications.queue_email(
        session,
        occasion=f"ownership:{viewer.company.id}:{heir.id}:{at.isoformat()}:{person.id}",
        message=OwnershipHandedOver(
            full_name=person.full_name,
            company_name=viewer.company.name,
            owner_name=heir.full_name,
            was_name=viewer.user.full_name,
            members_url=f"{base_url}/company/members",
        ),
        recipient=person.email,
        language=person.language,
        company_id=viewer.company.id,
        at=at,
    )


async def _held(session: AsyncSession, viewer: Viewer, to: str) -> tuple[Membership, Membership, User]:
    """Return both memberships, held, and who the second one is. Raises `InvalidInput` at the field `to`."""
    nobody = InvalidInput(N_("Choose a member whose e-mail address is confirmed."), field="to")
    try:
        own, member = await hold_members(session, viewer, UUID(to))
    except (ValueError, NotFound) as error:
        raise nobody from error
    heir = await session.get_one(User, member.user_id)
    if member.id == own.id or heir.email_verified_at is None:
        raise nobody
    return own, member, heir
