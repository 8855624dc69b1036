"""The end of a subscription: what is owed, what is scheduled and what runs ends in one transaction."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import SUBSCRIPTION_TRANSITIONS, OrderKind, Subscription, SubscriptionStatus
from app.domain.audit.service import record
from app.domain.billing.renewals.orders import cancel_open_orders
from app.domain.jobs import Job
from app.domain.workspaces.standstill import stop_all
from app.lib.settings import Settings
from app.lib.uow import defer


async def end_subscription(
    session: AsyncSession, subscription: Subscription, *, settings: Settings, at: datetime, reason: str
) -> None:
    """Cancel a subscription now; files stay for a while. The caller holds it and tells the company.

    No attempt is scheduled any more, open renewals and changes are canceled, and a charge that was written
    down and has not left finds its order canceled. Money of one that has left becomes a case, and goes back.
    """
    subscription.status = SUBSCRIPTION_TRANSITIONS.move(subscription.status, SubscriptionStatus.CANCELED)
    subscription.canceled_at, subscription.data_kept_until = at, at + settings.data_kept
    subscription.next_attempt_at = None
    subscription.pending_price_id = subscription.pending_since = None
    subscription.converts_at_trial_end = False
    await cancel_open_orders(session, subscription.id, kinds=(OrderKind.RENEWAL, OrderKind.CHANGE))
    await stop_all(session, subscription.company_id, at=at)
    record(
        session,
        at=at,
        action="subscription.canceled",
        subject=subscription.id,
        company_id=subscription.company_id,
        actor="system",
        facts={"plan": subscription.plan_code, "reason": reason},
    )
    defer(session, Job.ANNOUNCE, company_id=str(subscription.company_id))
