"""Following the link of an invitation: who has an account joins with it, who has none gets one.

The link names one invitation and reaches one mailbox, so whoever follows it reads that mailbox. It joins
nobody else: an account with another address is told so.
"""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.db.models import Company, Invitation, Membership, User
from app.domain.accounts import service as accounts
from app.domain.accounts.legal_acceptance import accept_as_person
from app.domain.accounts.passwords import new_password_hash
from app.domain.accounts.queries import user_by_email
from app.domain.accounts.verification import mark_verified
from app.domain.audit.facts import about_person
from app.domain.audit.service import record
from app.domain.people.invitations.letters import PURPOSE
from app.lib.crypto import unseal
from app.lib.errors import DomainError, InvalidInput, NotAllowed
from app.lib.i18n import N_
from app.lib.ids import uuid7
from app.lib.settings import Settings

USELESS: Final = N_(
    "This invitation was used or withdrawn, or its week is over. Ask whoever invited you for a new one."
)
OF_SOMEBODY_ELSE: Final = N_(
    "This invitation is for %(email)s. Log out, and log in or sign up with that address."
)
ACCEPT: Final = N_("Please accept the terms to go on.")


class InvitationUseless(DomainError):
    """The link has expired, was used or withdrawn, or never was ours; which of them, nobody is told."""

    status = HTTPStatus.GONE


@dataclass(frozen=True, slots=True)
class NewPerson:
    """What somebody without an account typed."""

    full_name: str
    password: str
    accept_terms: bool


async def invitation_of(session: AsyncSession, token: str, *, settings: Settings, at: datetime) -> Invitation:
    """Return the open invitation of a link, with its company and who invited. Raises `InvitationUseless`."""
    return await _find(session, token, settings=settings, at=at, hold=False)


async def has_account(session: AsyncSession, invitation: Invitation) -> bool:
    """Say whether the invited address has an account: told to nobody but who holds the link."""
    return await user_by_email(session, invitation.email) is not None


def refusal_of(invitation: Invitation, user: User) -> NotAllowed | None:
    """Return why this person cannot take the invitation, or nothing when it is theirs."""
    if user.is_operator:
        return NotAllowed(N_("Operators belong to no company. Log out to take this invitation."))
    if user.email.lower() != invitation.email.lower():
        return NotAllowed(OF_SOMEBODY_ELSE, email=invitation.email)
    return None


async def accept_as(
    session: AsyncSession, token: str, user: User, *, settings: Settings, at: datetime
) -> UUID:
    """Let the person of the address in; return the company. Raises `InvitationUseless` and `NotAllowed`."""
    invitation = await _find(session, token, settings=settings, at=at, hold=True)
    if refusal := refusal_of(invitation, user):
        raise refusal
    mark_verified(session, user, at=at)
    return await _join(session, invitation, user, at=at)


async def accept_anew(
    session: AsyncSession,
    token: str,
    form: NewPerson,
    *,
    language: str,
    address: str,
    settings: Settings,
    at: datetime,
) -> tuple[User, UUID]:
    """Make the person an account, with no company of its own, and let it into the one that invited.

    Raises `InvitationUseless`, and `InvalidInput` at the field that is wrong: `email` if there is an account.
    """
    known = await _find(session, token, settings=settings, at=at, hold=False)
    full_name = accounts.require_name(form.full_name, field="full_name")
    if not form.accept_terms:
        raise InvalidInput(ACCEPT, field="accept_terms")
    about = (known.email, full_name, known.company.name)
    password_hash = await new_password_hash(form.password, about=about)
    invitation = await _find(session, token, settings=settings, at=at, hold=True)
    user = await accounts.create_user(
        session,
        email=invitation.email,
        full_name=full_name,
        password_hash=password_hash,
        language=language,
    )
    company_id = await _join(session, invitation, user, at=at)
    where = {"language": language, "address": address}
    await accept_as_person(session, user, company_id=company_id, **where, settings=settings, at=at)
    mark_verified(session, user, at=at)
    return user, company_id


async def _find(
    session: AsyncSession, token: str, *, settings: Settings, at: datetime, hold: bool
) -> Invitation:
    named = unseal(settings.keys, PURPOSE, token, at=at)
    if named is None:
        raise InvitationUseless(USELESS)
    statement = (
        select(Invitation)
        .join(Invitation.company)
        .join(Invitation.invited_by)
        .where(Invitation.id == UUID(named), Company.closing_requested_at.is_(None))
        .options(contains_eager(Invitation.company), contains_eager(Invitation.invited_by))
    )
    if hold:
        statement = statement.with_for_update(of=Invitation).execution_options(populate_existing=True)
    invitation = await session.scalar(statement)
    if invitation is None or not invitation.is_open(at):
        raise InvitationUseless(USELESS)
    return invitation


async def _join(session: AsyncSession, invitation: Invitation, user: User, *, at: datetime) -> UUID:
    """Add the membership under the invited role; who belongs to the company by now stays what they are."""
    invitation.accept(user.id, at)
    joined = await session.scalar(
        insert(Membership)
        .values(id=uuid7(), company_id=invitation.company_id, user_id=user.id, role=invitation.role)
        .on_conflict_do_nothing(index_elements=["user_id", "company_id"])
        .returning(Membership.id)
    )
    if joined:
        record(
            session,
            at=at,
            action="member.joined",
            subject=user.id,
            company_id=invitation.company_id,
            actor_id=user.id,
            facts={**about_person(user.id), "role": invitation.role.value},
        )
    return invitation.company_id
