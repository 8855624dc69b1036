"""One trial a person: another spelling of an address is the same mailbox (docs/adr/0021)."""

from sqlalchemy import exists, or_, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Company, EmailChange, EmailChangeOutcome, Subscription, UsedTrial, User
from app.domain.accounts.mailboxes import digests_of_mailbox
from app.lib.locks import advisory_lock
from app.lib.settings import Settings


async def has_had_trial(session: AsyncSession, user: User, settings: Settings) -> bool:
    """Say whether this mailbox has had a trial, with this or a former account, however it was spelt.

    It is asked before the new company's subscription begins. Who signed a company up had its trial, also
    when somebody else owns it now; of whoever was deleted a digest says so. The mailbox is locked until the
    transaction ends, so that two sign-ups at one moment see each other.
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
    is_used = exists().where(UsedTrial.digest.in_(digests_of_mailbox(settings.keys, user.mailbox)))
    return bool(await session.scalar(select(or_(earlier, is_used))))
