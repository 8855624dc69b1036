"""The order of a change: one open at a time, frozen as it was quoted."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import ORDER_TRANSITIONS, Order, OrderKind, OrderStatus, Subscription
from app.domain.billing.changes.quotes import Quote
from app.domain.billing.changes.reading import open_changes
from app.domain.billing.charging.attempts import refuse_while_charging
from app.domain.billing.explaining import to_json
from app.domain.companies.viewer import Viewer
from app.lib.ids import uuid7


async def order_of(session: AsyncSession, viewer: Viewer, subscription: Subscription, quote: Quote) -> Order:
    """Return the open order of exactly this quote; any other open change is canceled.

    The caller holds the subscription. Raises `AlreadyUnderWay` while a charge of another one is undecided.
    """
    known = await open_changes(session, subscription.id)
    same = next((order for order in known if _is_of(order, quote)), None)
    await _cancel(session, [order for order in known if order is not same])
    if same is not None:
        return same
    order = new_order(viewer, subscription.id, quote)
    session.add(order)
    await session.flush()
    return order


async def cancel_changes(session: AsyncSession, subscription: Subscription) -> None:
    """Cancel open changes. Raises `AlreadyUnderWay` while a charge of one is undecided."""
    await _cancel(session, await open_changes(session, subscription.id))


async def _cancel(session: AsyncSession, orders: Iterable[Order]) -> None:
    for order in orders:
        await refuse_while_charging(session, order.id)
        order.status = ORDER_TRANSITIONS.move(order.status, OrderStatus.CANCELED)


def _is_of(order: Order, quote: Quote) -> bool:
    return (order.price_id, order.replaces_price_id, order.period_start, order.gross, order.credit) == (
        quote.price.id,
        quote.held.id,
        quote.at,
        quote.gross,
        quote.credit,
    )


def new_order(viewer: Viewer, subscription_id: UUID, quote: Quote) -> Order:
    """Return the order of a quote, which nobody has placed yet."""
    price, split = quote.price, quote.vat
    return Order(
        id=uuid7(),
        company_id=viewer.company.id,
        subscription_id=subscription_id,
        placed_by_id=viewer.user.id,
        status=OrderStatus.OPEN,
        kind=OrderKind.CHANGE,
        plan_code=price.plan_code,
        plan_name=price.plan.name,
        price_id=price.id,
        interval=price.interval,
        currency=price.currency,
        gross=quote.gross,
        net=split.net,
        vat=split.vat,
        vat_basis_points=price.vat_basis_points,
        credit=quote.credit,
        unused=quote.unused,
        replaces_price_id=quote.held.id,
        period_start=quote.period.start,
        period_end=quote.period.end,
        explanation=to_json(quote.steps),
    )
