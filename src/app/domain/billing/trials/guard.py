"""One trial a person: another spelling of an address is the same mailbox (docs/adr/0021)."""

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Membership, Role, Subscription, User
from app.lib.locks import advisory_lock


async def has_had_trial(session: AsyncSession, user: User) -> bool:
    """Say whether the owner of this mailbox has had a trial under another address.

    The mailbox is locked until the transaction ends, so that two sign-ups at one moment see each other.
    """
    await session.refresh(user, ["mailbox"])
    await advisory_lock(session, "trial", user.mailbox)
    earlier = (
        exists()
        .where(User.mailbox == user.mailbox, User.id != user.id)
        .where(Membership.user_id == User.id, Membership.role == Role.OWNER)
        .where(Subscription.company_id == Membership.company_id, Subscription.trial_ends_at.is_not(None))
    )
    return bool(await session.scalar(select(earlier)))
