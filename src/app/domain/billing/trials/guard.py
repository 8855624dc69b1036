"""One trial a person: another spelling of an address is the same mailbox (docs/adr/0021)."""

from sqlalchemy import exists, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Company, EmailChange, EmailChangeOutcome, Subscription, User
from app.lib.locks import advisory_lock


async def has_had_trial(session: AsyncSession, user: User) -> bool:
    """Say whether this mailbox has had a trial, with this or a former account, however it was spelt.

    It is asked before the new company's subscription begins. Who signed a company up had its trial, also
    when somebody else owns it now. The mailbox is locked until the transaction ends, so that two sign-ups at
    one moment see each other.
    """
    await session.refresh(user, ["mailbox"])
    await advisory_lock(session, "trial", user.mailbox)
    is_left = (EmailChange.mailbox_left == user.mailbox) & (EmailChange.outcome == EmailChangeOutcome.DONE)
    had_it = union(
        select(User.id).where(User.mailbox == user.mailbox), select(EmailChange.user_id).where(is_left)
    )
    earlier = (
        exists()
        .where(Company.founder_id.in_(had_it))
        .where(Subscription.company_id == Company.id, Subscription.trial_ends_at.is_not(None))
    )
    return bool(await session.scalar(select(earlier)))
