"""Another e-mail address: asked for with the password, and in force once both addresses have confirmed it.

Whoever holds the session and the password still needs both mailboxes, and the address of before can stop
everything. An address that was never confirmed has no such say: nobody has shown that it is the person's.
Everything here holds the person's row first, so that two confirmations come one after the other.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import EmailChange, EmailChangeOutcome, User
from app.domain.accounts.passwords import password_matches
from app.domain.accounts.service import require_email
from app.domain.audit.service import record
from app.domain.companies.queries import companies_of
from app.domain.people.email_letters import PURPOSE, Side, announce, write_to_sides
from app.domain.people.links import read_link, useless
from app.lib.errors import DomainError, InvalidInput
from app.lib.i18n import N_
from app.lib.settings import Settings

GOOD_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who came by a link: about which change, of whom, and from which of the two addresses."""

    change: EmailChange
    user: User
    side: Side

    @property
    def state(self) -> str:
        """`asked`, `confirmed` on this side, or how the change ended."""
        if self.change.outcome is not None:
            return self.change.outcome.value
        own = self.change.old_confirmed_at if self.side is Side.OLD else self.change.new_confirmed_at
        return "confirmed" if own else "asked"

    def became(self, outcome: EmailChangeOutcome, at: datetime) -> bool:
        """Say whether it was this very visit that ended the change so."""
        return self.change.outcome is outcome and self.change.ended_at == at


async def open_change_of(session: AsyncSession, user: User, *, at: datetime) -> EmailChange | None:
    """Return the change that waits to be confirmed, if there is one."""
    change = await _unended(session, user)
    return change if change and change.is_open(at) else None


async def ask_for_change(
    session: AsyncSession, user: User, *, email: str, current: str, settings: Settings, at: datetime
) -> EmailChange:
    """Write to both addresses; a change that was open gives way to this one.

    Whether the new address has an account shows in the letter to it alone. Raises `InvalidInput`.
    """
    await session.refresh(user, with_for_update=True)
    email = require_email(email)
    if email.lower() == user.email.lower():
        raise InvalidInput(N_("This is the address you have already."), field="email")
    if not await password_matches(current, user.password_hash):
        raise InvalidInput(N_("This is not your password."), field="current")
    await drop_change(session, user, at=at)
    change = EmailChange(
        user_id=user.id, old_email=user.email, new_email=email, asked_at=at, expires_at=at + GOOD_FOR
    )
    session.add(change)
    await session.flush()
    _record(session, user, "account.email_change_asked", at)
    await write_to_sides(session, user, change, settings=settings, at=at)
    return change


async def write_again(session: AsyncSession, user: User, *, settings: Settings, at: datetime) -> None:
    """Write once more to the addresses that have not confirmed. Raises `DomainError` if nothing is open."""
    change = await open_change_of(session, user, at=at)
    if change is None:
        raise DomainError(N_("No change of your address waits to be confirmed."))
    await write_to_sides(session, user, change, settings=settings, at=at)


async def withdraw_change(session: AsyncSession, user: User, *, at: datetime) -> None:
    """Take back what was asked for; without anything open this changes nothing."""
    await session.refresh(user, with_for_update=True)
    await drop_change(session, user, at=at)


async def drop_change(session: AsyncSession, user: User, *, at: datetime) -> None:
    """End what is open, also what has expired; the caller holds the person's row."""
    change = await _unended(session, user)
    if change is not None:
        change.end(EmailChangeOutcome.WITHDRAWN, at)
        _record(session, user, "account.email_change_withdrawn", at)
        await session.flush()


async def visit_of(
    session: AsyncSession, token: str, *, settings: Settings, at: datetime, lock: bool = False
) -> Visit:
    """Return what a link is about. Raises `LinkUseless`, also for what was withdrawn and for who is gone."""
    change_id, side = read_link(token, PURPOSE, settings=settings, at=at)
    change = await session.get(EmailChange, UUID(change_id))
    if change is None:
        raise useless()
    user = await session.get_one(User, change.user_id, with_for_update=lock, populate_existing=lock)
    if lock:
        await session.refresh(change)
    if change.outcome is EmailChangeOutcome.WITHDRAWN or user.deleted_at is not None:
        raise useless()
    return Visit(change, user, Side(side))


async def confirm_change(session: AsyncSession, token: str, *, settings: Settings, at: datetime) -> Visit:
    """Confirm one side; the second confirmation makes the change. Again changes nothing."""
    visit = await visit_of(session, token, settings=settings, at=at, lock=True)
    change = visit.change
    if not change.is_open(at):
        return visit
    if visit.side is Side.OLD:
        change.old_confirmed_at = change.old_confirmed_at or at
    else:
        change.new_confirmed_at = change.new_confirmed_at or at
    if not (change.awaits_old(visit.user) or change.awaits_new):
        await _make(session, visit.user, change, settings=settings, at=at)
    return visit


async def refuse_change(session: AsyncSession, token: str, *, settings: Settings, at: datetime) -> Visit:
    """Stop the change from the address of before, and end every session: it was somebody else who asked.

    Raises `LinkUseless` for a link to the new address, and for a change that has been made.
    """
    visit = await visit_of(session, token, settings=settings, at=at, lock=True)
    if visit.side is not Side.OLD or visit.change.outcome is EmailChangeOutcome.DONE:
        raise useless()
    if visit.change.ended_at is None:
        visit.change.end(EmailChangeOutcome.REFUSED, at)
        visit.user.session_epoch += 1
        _record(session, visit.user, "account.email_change_refused", at)
    return visit


async def _make(
    session: AsyncSession, user: User, change: EmailChange, *, settings: Settings, at: datetime
) -> None:
    """Move the account to its new address, unless somebody else has an account with it by now."""
    new = update(User).where(User.id == user.id).values(email=change.new_email, email_verified_at=at)
    try:
        async with session.begin_nested():
            await session.execute(new.values(session_epoch=User.session_epoch + 1))
    except IntegrityError as error:
        if "uq_users_email_lower" not in str(error.orig):
            raise
        change.end(EmailChangeOutcome.TAKEN, at)
        return
    await session.refresh(user)
    change.end(EmailChangeOutcome.DONE, at)
    told: list[UUID | None] = [*await companies_of(session, user.id)]
    for company_id in told or [None]:
        _record(session, user, "member.email_changed", at, company_id=company_id)
    await announce(session, user, change, settings=settings, at=at)


async def _unended(session: AsyncSession, user: User) -> EmailChange | None:
    return await session.scalar(
        select(EmailChange).where(EmailChange.user_id == user.id, EmailChange.ended_at.is_(None))
    )


def _record(
    session: AsyncSession, user: User, action: str, at: datetime, *, company_id: UUID | None = None
) -> None:
    """Write it down without the addresses: the trail is for good, and they are personal."""
    record(session, at=at, action=action, subject=user.id, company_id=company_id, actor_id=user.id)
