"""What follows a paid period: the end that was wished, or the next period, ordered and charged.

Due ones are read a page at a time, and each is a transaction of its own, which takes the row if it is still
due and nobody holds it. So any number of workers share the work, a run may come late or twice, and one that
fails keeps no other waiting.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import (
    SUBSCRIPTION_TRANSITIONS,
    Order,
    OrderKind,
    PlanPrice,
    Subscription,
    SubscriptionStatus,
)
from app.domain.audit.service import record
from app.domain.billing.dunning import letters
from app.domain.billing.dunning.facts import owed_with
from app.domain.billing.dunning.rules import begins, schedule_of, suspension
from app.domain.billing.dunning.service import take_step
from app.domain.billing.reminders import tell
from app.domain.billing.renewals.ending import end_subscription
from app.domain.billing.renewals.orders import cancel_open_orders, renewal_order
from app.domain.billing.settlement.free import settle_with_credit
from app.domain.companies.clocks import lives_here
from app.domain.jobs import Job
from app.domain.plans.queries import price_with_plan
from app.lib.settings import Settings
from app.lib.uow import defer

HAS_ENDED = (
    Subscription.status == SubscriptionStatus.ACTIVE,
    Subscription.current_period_end <= bindparam("at"),
)
CLAIM = (
    select(Subscription)
    .where(Subscription.id == bindparam("subscription_id"), *HAS_ENDED)
    .with_for_update(skip_locked=True)
)
Key = tuple[datetime, UUID]


async def due_page(session: AsyncSession, *, at: datetime, after: Key | None, limit: int) -> list[Key]:
    """Return the next subscriptions whose period has ended, behind `after`, that no worker holds just now."""
    key = tuple_(Subscription.current_period_end, Subscription.id)
    statement = (
        select(Subscription.current_period_end, Subscription.id)
        .where(*HAS_ENDED, lives_here(session, Subscription.company_id))
        .order_by(Subscription.current_period_end, Subscription.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = await session.execute(statement.where(key > after) if after else statement, {"at": at})
    return [(end, subscription_id) for end, subscription_id in rows if end is not None]


async def claim(session: AsyncSession, subscription_id: UUID, *, at: datetime) -> Subscription | None:
    """Take one that is still due, unless another worker holds it."""
    return await session.scalar(CLAIM, {"subscription_id": subscription_id, "at": at})


async def renew(
    session: AsyncSession, subscription: Subscription, *, settings: Settings, at: datetime
) -> None:
    """Carry out what follows a period that has ended: cancel, change, or renew, in this precedence.

    The caller holds the subscription and has seen that it is due. However late the run is, one period is
    ordered: the one that follows what was paid for.
    """
    if subscription.cancel_at_period_end:
        await end_subscription(session, subscription, settings=settings, at=at, reason="wished")
        price = await _price_of(session, subscription.price_id)
        write = letters.canceled(settings, price.plan.name, at=at, is_unpaid=False)
        occasion = f"canceled:{subscription.id}:{subscription.current_period_end}"
        await tell(session, subscription.company_id, occasion=occasion, write=write, at=at)
        return
    price = await _price_of(session, subscription.pending_price_id or subscription.price_id)
    await cancel_open_orders(session, subscription.id, kinds=(OrderKind.CHANGE,))
    order = await renewal_order(session, subscription, price, at=at)
    subscription.pending_price_id = subscription.pending_since = None
    _become_past_due(session, subscription, order, at=at)
    if order.due == 0:
        await settle_with_credit(session, order.id, settings=settings, at=at)
        await session.refresh(subscription)
        return
    await _collect(session, subscription, order, settings=settings, at=at)
    defer(session, Job.ANNOUNCE, company_id=str(subscription.company_id))


def _become_past_due(
    session: AsyncSession, subscription: Subscription, order: Order, *, at: datetime
) -> None:
    """A period that is not paid is past due from its first instant, also while a good card is being asked."""
    end = subscription.current_period_end or at
    subscription.status = SUBSCRIPTION_TRANSITIONS.move(subscription.status, SubscriptionStatus.PAST_DUE)
    subscription.past_due_since, subscription.charge_attempts = begins(end, at), 0
    record(
        session,
        at=at,
        action="subscription.renewal_due",
        subject=subscription.id,
        company_id=subscription.company_id,
        actor="system",
        facts={"plan": order.plan_code, "gross": order.gross, "credit": order.credit, "late": str(at - end)},
    )


async def _collect(
    session: AsyncSession, subscription: Subscription, order: Order, *, settings: Settings, at: datetime
) -> None:
    """Charge the card on this first day, or write that there is none and how the order can be paid."""
    owed = await owed_with(session, subscription, order, None, at=at)
    await take_step(session, subscription, owed, settings=settings, at=at)
    if owed.card is None:
        stops_at = suspension(owed.debt, schedule_of(settings))
        write = letters.renewal_due(settings, owed.order, stops_at, at=at)
        occasion = f"renewal-due:{owed.order.id}"
        await tell(session, subscription.company_id, occasion=occasion, write=write, at=at)


async def _price_of(session: AsyncSession, price_id: UUID | None) -> PlanPrice:
    if price_id is None:
        raise LookupError("a paid period without a price")
    return await price_with_plan(session, price_id)
