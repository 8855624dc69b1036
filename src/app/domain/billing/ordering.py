"""An order at a published price: everything it costs frozen on it, and how that came about."""

from uuid import UUID

from app.db.models import Order, OrderKind, PlanPrice, Subscription
from app.domain.billing.explaining import CreditStep, PriceStep, PriceVersion, Step, to_json
from app.domain.subscriptions.periods import Period
from app.lib.ids import uuid7


def order_at_price(
    subscription: Subscription,
    price: PlanPrice,
    *,
    placed_by_id: UUID | None,
    credit: int = 0,
    kind: OrderKind = OrderKind.PURCHASE,
    period: Period | None = None,
) -> Order:
    """Return an order of one period at this price, of which the company's credit pays `credit` kuruş.

    `price` has its plan loaded; a purchase's period begins when it is paid, so it names none.
    """
    steps: list[Step] = [PriceStep(price=PriceVersion.of(price))]
    if credit:
        steps.append(CreditStep(amount=credit))
    return Order(
        id=uuid7(),
        company_id=subscription.company_id,
        subscription_id=subscription.id,
        placed_by_id=placed_by_id,
        kind=kind,
        plan_code=price.plan_code,
        plan_name=price.plan.name,
        price_id=price.id,
        interval=price.interval,
        currency=price.currency,
        gross=price.gross,
        net=price.net,
        vat=price.vat,
        vat_basis_points=price.vat_basis_points,
        credit=credit,
        period_start=period.start if period else None,
        period_end=period.end if period else None,
        explanation=to_json(steps),
    )
