"""Whether somebody who reads the mail of an account's address has shown it, and what waits until then."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import User
from app.domain.audit.service import record
from app.lib.errors import NotAllowed
from app.lib.i18n import N_


class NotVerified(NotAllowed):
    """The address of the person has not been confirmed; a letter with the way to do it can be sent."""


def require_verified(user: User) -> None:
    """Raise `NotVerified` unless the person's address has been confirmed."""
    if user.email_verified_at is None:
        raise NotVerified(
            N_("Confirm your e-mail address first: the letter we sent to %(email)s has a link."),
            email=user.email,
        )


def mark_verified(session: AsyncSession, user: User, *, at: datetime) -> None:
    """Note that the person reads the mail of their address, as only its letters can show; once is enough.

    For whatever opens by a letter alone: the link that confirms, a new password, an accepted invitation.
    """
    if user.email_verified_at is not None:
        return
    user.email_verified_at = at
    record(
        session, at=at, action="account.email_verified", subject=user.id, company_id=None, actor_id=user.id
    )
