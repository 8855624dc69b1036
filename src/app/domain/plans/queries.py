"""Reading the catalogue."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.db.models import Interval, Plan, PlanPrice
from app.lib.errors import NotFound
from app.lib.money import TURKISH_LIRA

PRICE = (
    select(PlanPrice)
    .join(PlanPrice.plan)
    .options(contains_eager(PlanPrice.plan))
    .where(PlanPrice.id == bindparam("price_id"))
)


@dataclass(frozen=True, slots=True)
class Offer:
    """One plan with its current price per interval."""

    plan: Plan
    prices: dict[Interval, PlanPrice]

    @property
    def month(self) -> PlanPrice:
        return self.prices[Interval.MONTH]

    @property
    def year(self) -> PlanPrice:
        return self.prices[Interval.YEAR]


async def current_offers(session: AsyncSession, currency: str = TURKISH_LIRA) -> list[Offer]:
    """Return what is sold today, smallest plan first."""
    statement = (
        select(PlanPrice)
        .join(PlanPrice.plan)
        .options(contains_eager(PlanPrice.plan))
        .where(on_sale(currency))
        .order_by(Plan.rank)
    )
    return offers_at(await session.scalars(statement))


def on_sale(currency: str = TURKISH_LIRA) -> ColumnElement[bool]:
    """Return the condition of prices that are sold today."""
    return and_(PlanPrice.currency == currency, PlanPrice.superseded_at.is_(None))


def offers_at(prices: Iterable[PlanPrice]) -> list[Offer]:
    """Return the plans of prices that are on sale, in the order of the prices."""
    offers: dict[str, Offer] = {}
    for price in prices:
        offers.setdefault(price.plan_code, Offer(price.plan, {})).prices[price.interval] = price
    return list(offers.values())


async def price_with_plan(session: AsyncSession, price_id: UUID) -> PlanPrice:
    """Return one price version with its plan."""
    return (await session.scalars(PRICE, {"price_id": price_id})).one()


async def current_price(
    session: AsyncSession, plan_code: str, interval: Interval, currency: str = TURKISH_LIRA
) -> PlanPrice:
    """Return the price sold today with its plan; raises `NotFound` when the plan is not sold."""
    statement = (
        select(PlanPrice)
        .join(PlanPrice.plan)
        .options(contains_eager(PlanPrice.plan))
        .where(
            PlanPrice.plan_code == plan_code,
            PlanPrice.interval == interval,
            on_sale(currency),
        )
    )
    price = await session.scalar(statement)
    if price is None:
        raise NotFound("This plan is not sold.")
    return price
