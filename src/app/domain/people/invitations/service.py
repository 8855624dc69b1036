"""Inviting people into a company, and taking it back.

Whether an address has an account anywhere is never asked here, so an inviter cannot learn it; that it belongs
to a member of the own company already is no secret to who manages the members.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import INVITATION_GOOD_FOR, Invitation, Membership, Role, User
from app.db.scoped import owned
from app.domain.audit.service import record
from app.domain.companies.permissions import Permission
from app.domain.companies.viewer import Viewer
from app.domain.people.invitations.addresses import read_addresses, refused
from app.domain.people.invitations.letters import send_letter
from app.domain.people.members.service import given_role
from app.lib.errors import DomainError, InvalidInput
from app.lib.i18n import N_
from app.lib.ids import uuid7

OPEN_ALREADY = N_("%(email)s is invited already. Send the letter again below.")


@dataclass
class Invite:
    """The form as it was typed."""

    emails: str = ""
    """Any number of addresses, with commas, semicolons or lines between them."""
    role: str = Role.DEVELOPER.value


async def invite(session: AsyncSession, viewer: Viewer, form: Invite, *, at: datetime) -> list[InvalidInput]:
    """Invite everybody in the form, or nobody: returns what is wrong with the addresses and the role.

    A plan limits workspaces, never people.
    """
    viewer.require(Permission.MANAGE_MEMBERS)
    addresses, problems = read_addresses(form.emails)
    try:
        role = given_role(form.role)
    except InvalidInput as refusal:
        return [*problems, refusal]
    problems += await _known_already(session, viewer, addresses, at=at)
    if problems:
        return problems
    for email in addresses:
        invitation = await _add(session, viewer, email, role, at=at)
        if invitation is None:  # somebody else has just invited the same person
            return [refused(OPEN_ALREADY, email)]
        _record(session, viewer, invitation, "invitation.sent", at=at)
        await send_letter(session, invitation, viewer.company, viewer.user)
    return []


async def resend(session: AsyncSession, viewer: Viewer, invitation_id: UUID, *, at: datetime) -> None:
    """Send the letter again; the invitation lives as long as a new one. Raises `NotFound`, `DomainError`."""
    invitation = await _held(session, viewer, invitation_id)
    invitation.send_again(at)
    _record(session, viewer, invitation, "invitation.sent_again", at=at)
    await send_letter(session, invitation, viewer.company, viewer.user)


async def withdraw(session: AsyncSession, viewer: Viewer, invitation_id: UUID, *, at: datetime) -> None:
    """Let its links open nothing any more. Raises `NotFound`, and `DomainError` when it has ended."""
    invitation = await _held(session, viewer, invitation_id)
    invitation.withdraw(at)
    _record(session, viewer, invitation, "invitation.withdrawn", at=at)


async def _held(session: AsyncSession, viewer: Viewer, invitation_id: UUID) -> Invitation:
    viewer.require(Permission.MANAGE_MEMBERS)
    wanted, missing = Invitation.id == invitation_id, N_("There is no such invitation.")
    invitation = await owned(session, Invitation, viewer.company.id, wanted, missing=missing, lock=True)
    if invitation.is_ended:
        raise DomainError(N_("This invitation was accepted or withdrawn already."))
    return invitation


async def _known_already(
    session: AsyncSession, viewer: Viewer, addresses: Sequence[str], *, at: datetime
) -> list[InvalidInput]:
    """Return a sentence for each address that is a member's or has a good letter; forget letters too old."""
    members = await session.scalars(
        select(func.lower(User.email))
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.company_id == viewer.company.id, func.lower(User.email).in_(addresses))
    )
    problems = [refused(N_("%(email)s belongs to your company already."), email) for email in members]
    waiting = await session.scalars(
        select(Invitation)
        .where(
            Invitation.company_id == viewer.company.id,
            func.lower(Invitation.email).in_(addresses),
            Invitation.accepted_at.is_(None),
            Invitation.withdrawn_at.is_(None),
        )
        .order_by(Invitation.id)
        .with_for_update()
    )
    for invitation in waiting:
        if invitation.is_open(at):
            problems.append(refused(OPEN_ALREADY, invitation.email))
        else:
            invitation.withdraw(at)
    await session.flush()
    return problems


async def _add(
    session: AsyncSession, viewer: Viewer, email: str, role: Role, *, at: datetime
) -> Invitation | None:
    """Add an invitation, or nothing where there is an open one for this address."""
    statement = (
        insert(Invitation)
        .values(
            id=uuid7(),
            company_id=viewer.company.id,
            email=email,
            role=role,
            invited_by_id=viewer.user.id,
            asked_at=at,
            expires_at=at + INVITATION_GOOD_FOR,
            letters=1,
        )
        .on_conflict_do_nothing()
        .returning(Invitation)
    )
    return await session.scalar(statement)


def _record(
    session: AsyncSession, viewer: Viewer, invitation: Invitation, action: str, *, at: datetime
) -> None:
    record(
        session,
        at=at,
        action=action,
        subject=invitation.id,
        company_id=viewer.company.id,
        actor_id=viewer.user.id,
        facts={"role": invitation.role.value},
    )
