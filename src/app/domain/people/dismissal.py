"""Removing a member: what they hold, what was chosen for it, and the letter that tells them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import MemberRemoval, Membership, Role, User, Workspace, WorkspacesTo
from app.domain.companies.viewer import Viewer
from app.domain.notifications import service as notifications
from app.domain.notifications.messages import MemberRemoved
from app.domain.people.departures import (
    DELETE,
    OWNER_STAYS,
    Choice,
    OwnerStays,
    end_membership,
    fits,
    held_by,
)
from app.domain.workspaces.permissions import may_operate
from app.domain.workspaces.quotas import Places, Share, share_in
from app.lib.errors import DomainError, InvalidInput
from app.lib.i18n import N_


@dataclass
class Dismissal:
    """The form as it was typed."""

    workspaces_to: str = ""
    heir: str = ""
    """The person the workspaces pass to."""
    confirmation: str = ""
    """How many workspaces are deleted."""


@dataclass(frozen=True, slots=True)
class Leaver:
    """Somebody who may be removed, what they hold, and who could take it."""

    places: Places
    share: Share
    workspaces: Sequence[Workspace]

    @property
    def heirs(self) -> list[Share]:
        """Members who work with workspaces and whose quota has room for all of these."""
        return [share for share in self._others if fits(share, len(self.workspaces))]

    @property
    def without_room(self) -> list[Share]:
        """Members whose quota has no room for all of these."""
        return [share for share in self._others if not fits(share, len(self.workspaces))]

    @property
    def _others(self) -> list[Share]:
        shares = (share for share in self.places.shares if share is not self.share)
        return [share for share in shares if may_operate(share.role)]


async def leaver_of(session: AsyncSession, viewer: Viewer, membership_id: UUID, *, at: datetime) -> Leaver:
    """Return a member who may be removed. Raises `NotFound`, `NotAllowed`, `OwnerStays`."""
    places, share = await share_in(session, viewer, membership_id, at=at)
    _require_removable(viewer, share.user_id, share.role)
    return Leaver(places, share, await held_by(session, viewer.company.id, share.user_id))


async def dismiss(
    session: AsyncSession, viewer: Viewer, membership_id: UUID, form: Dismissal, *, at: datetime
) -> MemberRemoval:
    """Remove a member with their workspaces as chosen, and write to them.

    Raises `InvalidInput` at the field that is wrong, also when the person has come to hold more meanwhile
    than was typed; `NotFound`, `NotAllowed`, `OwnerStays`.
    """
    _, share = await share_in(session, viewer, membership_id, at=at, lock=True)
    _require_removable(viewer, share.user_id, share.role)
    membership = await session.get_one(Membership, membership_id)
    user = await session.get_one(User, share.user_id)
    choice = choice_of(form, len(await held_by(session, viewer.company.id, user.id)))
    removal = await end_membership(session, membership, by=viewer.user.id, at=at, choice=choice)
    await _write_to(session, viewer, user, removal, at=at)
    return removal


def choice_of(form: Dismissal, count: int) -> Choice:
    """Return what was chosen for so many workspaces. Raises `InvalidInput` at the field that is wrong."""
    if count == 0:
        return Choice(WorkspacesTo.MEMBER)
    if form.workspaces_to == WorkspacesTo.MEMBER:
        try:
            return Choice(WorkspacesTo.MEMBER, UUID(form.heir))
        except ValueError:
            raise InvalidInput(N_("Choose who gets the workspaces."), field="heir") from None
    if form.workspaces_to != WorkspacesTo.DELETION:
        raise InvalidInput(N_("Choose what becomes of the workspaces."), field="workspaces_to")
    if form.confirmation.strip() != str(count):
        raise InvalidInput(
            N_("Type %(count)s here to delete as many workspaces with their files."),
            field="confirmation",
            count=count,
        )
    return DELETE


def _require_removable(viewer: Viewer, user_id: UUID, role: Role) -> None:
    if role is Role.OWNER:
        raise OwnerStays(OWNER_STAYS)
    if user_id == viewer.user.id:
        raise DomainError(N_("Nobody removes themselves. To go, leave the company on its own page."))


async def _write_to(
    session: AsyncSession, viewer: Viewer, user: User, removal: MemberRemoval, *, at: datetime
) -> None:
    await notifications.queue_email(
        session,
        occasion=f"member-removed:{removal.id}",
        message=MemberRemoved(
            full_name=user.full_name,
            company_name=viewer.company.name,
            by_name=viewer.user.full_name,
            by_email=viewer.user.email,
            workspaces_deleted=removal.workspace_count if removal.heir_id is None else 0,
            workspaces_passed=removal.workspace_count if removal.heir_id else 0,
        ),
        recipient=user.email,
        language=user.language,
        company_id=removal.company_id,
        at=at,
    )
