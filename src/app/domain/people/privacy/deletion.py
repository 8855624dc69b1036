"""Forgetting a person who asks for it: at once, everywhere, and no further than the law lets us.

The row stays as a husk, because books, contracts and the trail point to it; what it held of the person goes.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import (
    Company,
    EmailChange,
    EmailMessage,
    Invitation,
    Membership,
    RecoveryCode,
    Role,
    SecondFactor,
    Subscription,
    UsedTrial,
    User,
)
from app.domain.accounts.husks import DELETED_PERSON, husk_address
from app.domain.accounts.mailboxes import digest_of_mailbox
from app.domain.audit.service import record
from app.domain.people.departures import end_membership
from app.domain.people.email_letters import is_left_behind
from app.domain.people.two_factor.verification import prove
from app.lib.errors import DomainError
from app.lib.i18n import N_
from app.lib.settings import Settings

OWNS = N_(
    "You own %(company)s. Hand the ownership over or close the company first, then delete your account."
)
NO_PASSWORD = "!"  # noqa: S105 no digest of anything: it opens nothing


class StillOwns(DomainError):
    """A living company would be left without anybody who answers for it."""


async def living_companies(session: AsyncSession, user_id: UUID) -> list[Company]:
    """Return the companies a person owns that are not closed, by name."""
    statement = (
        select(Company)
        .join(Membership, Membership.company_id == Company.id)
        .where(Membership.user_id == user_id, Membership.role == Role.OWNER, Company.closed_at.is_(None))
        .order_by(func.lower(Company.name), Company.id)
    )
    return list(await session.scalars(statement))


async def delete_account(
    session: AsyncSession, user: User, *, password: str, code: str, settings: Settings, at: datetime
) -> None:
    """Forget a person; every session of theirs ends.

    Raises `InvalidInput` at the field that is wrong, and `StillOwns` while they answer for a company.
    """
    await prove(session, user, password=password, code=code, settings=settings, at=at)
    if owned := await living_companies(session, user.id):
        raise StillOwns(OWNS, company=owned[0].name)
    memberships = select(Membership).where(Membership.user_id == user.id).order_by(Membership.company_id)
    for membership in list(await session.scalars(memberships)):
        if membership.role is Role.OWNER:  # of a closed company, which has nobody any more
            await session.delete(membership)
        else:
            await end_membership(session, membership, by=user.id, at=at)
    record(session, at=at, action="account.deleted", subject=user.id, company_id=None, actor_id=user.id)
    await session.flush()
    await forget_person(session, user, settings=settings, at=at)


async def forget_person(session: AsyncSession, user: User, *, settings: Settings, at: datetime) -> None:
    """Take what names a person out of every row that may change; the caller holds them."""
    await _clear_letters(session, user, at=at)
    await _remember_trials(session, user, settings)
    for owned in (RecoveryCode, SecondFactor):
        await session.execute(delete(owned).where(owned.user_id == user.id))
    user.email, user.full_name, user.password_hash = husk_address(user.id), DELETED_PERSON, NO_PASSWORD
    user.email_verified_at = user.last_login_at = None
    user.session_epoch += 1
    user.deleted_at = at
    await session.flush()
    await session.execute(select(func.forget_addresses_of_person(user.id)))


async def _remember_trials(session: AsyncSession, user: User, settings: Settings) -> None:
    """Keep a digest of each mailbox of theirs, if they have had a trial; then forget the mailboxes."""
    await session.refresh(user, ["mailbox"])
    had_one = exists().where(
        Company.founder_id == user.id,
        Subscription.company_id == Company.id,
        Subscription.trial_ends_at.is_not(None),
    )
    left = list(await session.scalars(select(EmailChange.mailbox_left).where(EmailChange.user_id == user.id)))
    if await session.scalar(select(had_one)):
        digests = {digest_of_mailbox(settings.keys, mailbox) for mailbox in (user.mailbox, *left)}
        rows = [{"digest": digest} for digest in sorted(digests)]
        await session.execute(insert(UsedTrial).values(rows).on_conflict_do_nothing())
    husk = husk_address(user.id)
    forgotten = update(EmailChange).where(EmailChange.user_id == user.id)
    await session.execute(forgotten.values(old_email=husk, new_email=f"new-{husk}"))


async def _clear_letters(session: AsyncSession, user: User, *, at: datetime) -> None:
    """Empty the letters that were sent to them, and stop those that were not; withdraw what invites them."""
    theirs = or_(func.lower(EmailMessage.recipient) == user.email.lower(), is_left_behind(user.id))
    await session.execute(
        update(EmailMessage)
        .where(theirs, EmailMessage.sent_at.is_(None))
        .values(next_attempt_at=None, failed_at=at, last_error="the person is deleted")
    )
    husk = husk_address(user.id)
    await session.execute(update(EmailMessage).where(theirs).values(context={}, recipient=husk))
    invited = or_(func.lower(Invitation.email) == user.email.lower(), Invitation.accepted_by_id == user.id)
    ended = update(Invitation).where(invited, Invitation.accepted_at.is_(None))
    await session.execute(ended.values(withdrawn_at=func.coalesce(Invitation.withdrawn_at, at)))
    await session.execute(update(Invitation).where(invited).values(email=husk))
