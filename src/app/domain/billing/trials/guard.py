"""One trial a person: another spelling of an address is the same mailbox (docs/adr/0021)."""

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Company, Subscription, User
from app.lib.locks import advisory_lock


async def has_had_trial(session: AsyncSession, user: User) -> bool:
    """Say whether this mailbox has had a trial, with this account or under another spelling.

    It is asked before the new company's subscription begins. Who signed a company up had its trial, also
    when somebody else owns it now. The mailbox is locked until the transaction ends, so that two sign-ups at
    one moment see each other.
    """
    await session.refresh(user, ["mailbox"])
    await advisory_lock(session, "trial", user.mailbox)
    earlier = (
        exists()
        .where(User.mailbox == user.mailbox, Company.founder_id == User.id)
        .where(Subscription.company_id == Company.id, Subscription.trial_ends_at.is_not(None))
    )
    return bool(await session.scalar(select(earlier)))
