"""The notice before a renewal: when, how much after credit, from which card, and how to cancel.

Sent to monthly subscribers as to yearly ones: the renewal nobody remembers is the one that is disputed, and a
rule without an exception is one to rely on (product §3, billing-rules §5.4).
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import PlanPrice, ReminderKind, StoredCard, Subscription, SubscriptionStatus
from app.db.models.reminder import RENEWAL_NOTICE_DAYS
from app.domain.billing.cards.choice import first_fit_card
from app.domain.billing.cards.store import cards_of
from app.domain.billing.reminders import Write, days_ahead, lacks_reminder, remind_once
from app.domain.companies.clocks import lives_here
from app.domain.ledger.credits import credit_of
from app.domain.notifications.messages import RenewalNotice
from app.domain.plans.queries import price_with_plan
from app.domain.subscriptions.queries import claim_subscription
from app.lib.settings import Settings
from app.lib.uow import unit_of_work

AHEAD = RENEWAL_NOTICE_DAYS
"""Days before a period's end."""
AT_MOST = 1000


async def due_renewal_notices(session: AsyncSession, *, at: datetime, limit: int = AT_MOST) -> list[UUID]:
    """Return the subscriptions that renew within `AHEAD` days and were not told yet.

    The latest end stands first: what was told before lies at the other end and is not read again.
    """
    end = Subscription.current_period_end
    statement = (
        select(Subscription.id)
        .where(
            Subscription.status == SubscriptionStatus.ACTIVE,
            Subscription.cancel_at_period_end.is_(False),
            end > at,
            end <= at + timedelta(days=AHEAD),
            lives_here(session, Subscription.company_id),
            lacks_reminder(ReminderKind.RENEWAL, end, (AHEAD,), at=at),
        )
        .order_by(end.desc(), Subscription.id)
        .limit(limit)
    )
    return list(await session.scalars(statement))


async def send_renewal_notice(
    session_maker: async_sessionmaker[AsyncSession],
    settings: Settings,
    subscription_id: UUID,
    *,
    at: datetime,
) -> bool:
    """Tell one company of its renewal, once; not when it was canceled, paid ahead or is held meanwhile."""
    async with unit_of_work(session_maker) as session:
        subscription = await claim_subscription(session, subscription_id)
        if subscription is None or subscription.status is not SubscriptionStatus.ACTIVE:
            return False
        end = subscription.current_period_end
        if subscription.cancel_at_period_end or end is None or not days_ahead(end, AHEAD) <= at < end:
            return False
        return await remind_once(
            session,
            subscription,
            ReminderKind.RENEWAL,
            due_at=days_ahead(end, AHEAD),
            at=at,
            write=await _letter(session, subscription, end, settings=settings),
        )


async def _letter(
    session: AsyncSession, subscription: Subscription, end: datetime, *, settings: Settings
) -> Write:
    """Return the notice with what the renewal would charge if it came now."""
    price_id = subscription.pending_price_id or subscription.price_id
    if price_id is None:
        raise LookupError(f"subscription {subscription.id} is active without a price")
    price = await price_with_plan(session, price_id)
    credit = min(await credit_of(session, subscription.company_id, price.currency), price.gross)
    card = first_fit_card(await cards_of(session, subscription.company_id), end)
    return _notice(subscription, end, price, card, credit=credit, settings=settings)


def _notice(
    subscription: Subscription,
    end: datetime,
    price: PlanPrice,
    card: StoredCard | None,
    *,
    credit: int,
    settings: Settings,
) -> Write:
    changes = price.plan_code != subscription.plan_code
    return lambda reader: RenewalNotice(
        full_name=reader.user.full_name,
        company_name=reader.company.name,
        plan_name=price.plan.name,
        plan_before=subscription.plan.name if changes else None,
        interval=price.interval,
        renews_at=end,
        total=price.gross,
        credit=credit,
        due=price.gross - credit,
        currency=price.currency,
        card=card.last_four if card else None,
        billing_url=f"{settings.base_url}/billing",
    )
