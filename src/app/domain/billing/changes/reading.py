"""What a company holds when it asks for another plan, and the orders by which it asked before."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import (
    UNDECIDED,
    Order,
    OrderKind,
    OrderStatus,
    Payment,
    PaymentChannel,
    PlanPrice,
    PlanSlice,
    Subscription,
    SubscriptionStatus,
)
from app.domain.billing.changes.quotes import Held
from app.domain.billing.settlement.unused import room_in, rooms_of
from app.domain.ledger.credits import credit_of
from app.domain.plans.queries import price_with_plan
from app.domain.subscriptions.periods import Period
from app.domain.subscriptions.proration import Slice, running
from app.lib.errors import DomainError
from app.lib.i18n import N_


class NothingRuns(DomainError):
    """No paid period runs, so a plan is bought and not changed."""


async def held_by(session: AsyncSession, subscription: Subscription, *, at: datetime) -> Held:
    """Return what is paid and may be changed at `at`. Raises `NothingRuns`."""
    start, end = subscription.current_period_start, subscription.current_period_end
    anchor, price_id = subscription.anchor_at, subscription.price_id
    if not is_running(subscription, at) or not (start and end and anchor and price_id):
        raise NothingRuns(N_("No paid period runs now. Choose a plan and pay for it."))
    price = await price_with_plan(session, price_id)
    covered = Period(start, end)
    slices, is_uniform = await _slices(session, subscription, covered, price)
    return Held(
        price=price,
        anchor=anchor,
        covered=covered,
        slices=slices,
        is_uniform=is_uniform,
        credit=await credit_of(session, subscription.company_id, price.currency),
        creditable=room_in(await rooms_of(session, subscription.id, since=start, at=at)),
    )


def is_running(subscription: Subscription, at: datetime) -> bool:
    """Say whether a paid period runs; one that is past its end waits for its renewal."""
    end = subscription.current_period_end
    return subscription.status is SubscriptionStatus.ACTIVE and end is not None and end > at


async def open_changes(session: AsyncSession, subscription_id: UUID) -> list[Order]:
    """Return the changes that were asked for and neither paid nor canceled, newest first."""
    statement = (
        select(Order)
        .where(
            Order.subscription_id == subscription_id,
            Order.status == OrderStatus.OPEN,
            Order.kind == OrderKind.CHANGE,
        )
        .order_by(Order.id.desc())
    )
    return list(await session.scalars(statement))


async def charge_under_way(session: AsyncSession, order_id: UUID) -> Payment | None:
    """Return the charge of a stored card that may still pay this order."""
    statement = select(Payment).where(
        Payment.order_id == order_id,
        Payment.channel == PaymentChannel.STORED_CARD,
        Payment.status.in_(UNDECIDED),
    )
    return await session.scalar(statement.limit(1))


async def _slices(
    session: AsyncSession, subscription: Subscription, covered: Period, price: PlanPrice
) -> tuple[list[Slice], bool]:
    """Return the slices of what is covered, and whether all of them are sold by the interval that is held."""
    statement = (
        select(PlanSlice, PlanPrice.interval)
        .join(PlanPrice, PlanPrice.id == PlanSlice.price_id)
        .where(PlanSlice.subscription_id == subscription.id, PlanSlice.period_start >= covered.start)
        .order_by(PlanSlice.created_at, PlanSlice.id)
    )
    rows = (await session.execute(statement)).all()
    found = [Slice(Period(row.period_start, row.period_end), row.starts_at, row.gross) for row, _ in rows]
    intervals = {member.period: interval for member, (_, interval) in zip(found, rows, strict=True)}
    slices = running(found, covered)
    return slices, all(intervals[member.period] is price.interval for member in slices)
