"""Changing what somebody is in a company, and leaving one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Membership, Role
from app.db.scoped import owned
from app.domain.audit.changes import changes_of
from app.domain.audit.facts import about_person
from app.domain.audit.service import record
from app.domain.companies.permissions import ALLOWED, WORDS, Permission, allows
from app.domain.companies.viewer import Viewer
from app.domain.people.departures import end_membership
from app.domain.subscriptions.queries import newest_subscription
from app.domain.workspaces.permissions import may_operate
from app.domain.workspaces.quotas import change_quota
from app.lib.errors import InvalidInput, NotAllowed, NotFound
from app.lib.i18n import N_

GIVEN = (Role.ADMIN, Role.BILLING, Role.DEVELOPER)
"""Roles that whoever manages members may give; the ownership is only ever handed over."""


async def change_role(
    session: AsyncSession, viewer: Viewer, membership_id: UUID, wanted: str, *, at: datetime
) -> None:
    """Give a member another role, from the next thing they do.

    Nobody makes an owner or unmakes one, and nobody changes their own role but to one that may less.
    Raises `NotAllowed`, `NotFound`, and `InvalidInput` at the field `role`.
    """
    role = given_role(wanted)
    own, member = await hold_members(session, viewer, membership_id)
    require_of(own, Permission.MANAGE_MEMBERS)
    if member.role is Role.OWNER:
        raise InvalidInput(N_("The owner stays the owner until the ownership is handed over."), field="role")
    if member.id == own.id and not ALLOWED[role] <= ALLOWED[own.role]:
        raise InvalidInput(N_("Nobody gives themselves a role that may more."), field="role")
    if member.role is role:
        return
    if member.workspace_quota is not None and not may_operate(role):
        change_quota(session, member, None, by=viewer.user.id, at=at)
        await session.flush()  # its entry is written; what follows is about the role alone
    member.role = role
    record(
        session,
        at=at,
        action="member.role_changed",
        subject=member.user_id,
        company_id=viewer.company.id,
        actor_id=viewer.user.id,
        facts=about_person(member.user_id),
        changes=changes_of(member),
    )


def given_role(wanted: str) -> Role:
    """Return a role that may be given. Raises `InvalidInput` at the field `role`."""
    if wanted not in GIVEN:
        raise InvalidInput(N_("Choose one of the roles."), field="role")
    return Role(wanted)


async def hold_members(
    session: AsyncSession, viewer: Viewer, membership_id: UUID
) -> tuple[Membership, Membership]:
    """Return the viewer's membership and another one of the company, held for this transaction.

    The viewer's is read again: what they may was decided before somebody else changed it. Raises `NotFound`.
    """
    await newest_subscription(session, viewer.company.id, lock=True)  # first of all locks of a company
    statement = (
        select(Membership)
        .where(Membership.company_id == viewer.company.id)
        .where((Membership.user_id == viewer.user.id) | (Membership.id == membership_id))
        .order_by(Membership.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    held = {membership.id: membership for membership in await session.scalars(statement)}
    own = next((one for one in held.values() if one.user_id == viewer.user.id), None)
    if own is None or membership_id not in held:
        raise NotFound(N_("There is no such member."))
    return own, held[membership_id]


def require_of(membership: Membership, permission: Permission) -> None:
    """Raise `NotAllowed` unless a held membership's role has a permission."""
    if not allows(membership.role, permission):
        raise NotAllowed(WORDS[permission].refusal)


async def leave(session: AsyncSession, viewer: Viewer, *, at: datetime) -> None:
    """End the viewer's own membership; what they hold passes to the owner, who cannot leave.

    Raises `OwnerStays` and `NotFound`.
    """
    own, missing = Membership.user_id == viewer.user.id, N_("There is no such member.")
    membership = await owned(session, Membership, viewer.company.id, own, missing=missing)
    await end_membership(session, membership, by=viewer.user.id, at=at)
