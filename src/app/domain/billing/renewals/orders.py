"""The order of a period that follows: one for each period, at the price version held, credit first."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Order, OrderKind, OrderStatus, PlanPrice, Subscription
from app.domain.billing.ordering import order_at_price
from app.domain.companies.queries import billing_contact
from app.domain.ledger.credits import credit_of
from app.domain.subscriptions.periods import Period, first_period, following_period
from app.lib.statements import Statement, fetch

OF_PERIOD = select(Order).where(
    Order.subscription_id == bindparam("subscription_id"),
    Order.kind == OrderKind.RENEWAL,
    Order.period_start == bindparam("period_start"),
    Order.status != OrderStatus.CANCELED,
)
CANCEL = Statement("""
UPDATE orders SET status = 'canceled'
 WHERE subscription_id = :subscription_id AND status = 'open' AND kind = ANY(CAST(:kinds AS text[]))
""")


async def renewal_order(
    session: AsyncSession, subscription: Subscription, price: PlanPrice, *, at: datetime
) -> Order:
    """Return the order of the period that follows what is paid for, or of the first one after a trial.

    There is one for each period, however often this is called. The caller holds the subscription; `price` has
    its plan loaded. A period that is over when it is paid begins anew with the payment (`settlement.rules`).
    """
    period = following(subscription, price, at)
    known = await _order_of(session, subscription.id, period)
    if known is not None:
        return known
    contact = await billing_contact(session, subscription.company_id)
    credit = min(await credit_of(session, subscription.company_id, price.currency), price.gross)
    order = order_at_price(
        subscription,
        price,
        placed_by_id=contact.id if contact else None,  # nobody did; letters and invoice mail go there
        credit=credit,
        kind=OrderKind.RENEWAL,
        period=period,
    )
    session.add(order)
    return order


def following(subscription: Subscription, price: PlanPrice, at: datetime) -> Period:
    """Return the period that follows at this price's interval, from the anchor."""
    end = subscription.current_period_end
    if subscription.anchor_at is None or end is None:
        return first_period(subscription.trial_ends_at or at, price.interval)
    _, period = following_period(subscription.anchor_at, price.interval, end)
    return period


async def open_renewals(session: AsyncSession, subscription_id: UUID) -> list[Order]:
    """Return what is owed for renewals, the oldest period first."""
    return list(await session.scalars(select_open_renewals(subscription_id)))


def select_open_renewals(subscription_id: UUID) -> Select[Order]:
    """Return the query for what is owed for renewals, the oldest period first."""
    return (
        select(Order)
        .where(
            Order.subscription_id == subscription_id,
            Order.status == OrderStatus.OPEN,
            Order.kind == OrderKind.RENEWAL,
        )
        .order_by(Order.period_start)
    )


async def cancel_open_orders(
    session: AsyncSession, subscription_id: UUID, *, kinds: tuple[OrderKind, ...]
) -> None:
    """Cancel what nobody owes any more; a charge of it that has not left never will (`charging`)."""
    parameters = {"subscription_id": subscription_id, "kinds": [kind.value for kind in kinds]}
    await fetch(session, CANCEL, parameters)


async def _order_of(session: AsyncSession, subscription_id: UUID, period: Period) -> Order | None:
    parameters = {"subscription_id": subscription_id, "period_start": period.start}
    return await session.scalar(OF_PERIOD, parameters)
