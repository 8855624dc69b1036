"""What stands between a company and its next payment: prices, what waits, credit, cards, what is owed.

The billing page reads it at once, in a statement that pairs prices with cards: of both there are few.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Row, Select, and_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, contains_eager

from app.db.models import Company, CompanyCredit, Order, Plan, PlanPrice, StoredCard, Subscription
from app.domain.billing.agreements.service import concluded
from app.domain.billing.cards.store import DEFAULT_FIRST
from app.domain.billing.dunning.facts import Owed, owed_from, tries_at, tries_from
from app.domain.billing.renewals.orders import select_open_renewals
from app.domain.companies.viewer import Viewer
from app.domain.plans.queries import Offer, offers_at, on_sale
from app.lib.money import TURKISH_LIRA

Entity = TypeVar("Entity")
PAIRS = 3
"""Columns of a company that owes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Amounts in minor units."""

    offers: list[Offer]
    agreed: PlanPrice | None
    """With its plan: the price of the next period, or of the first one after the trial."""
    is_change: bool
    """The agreed price takes the place of the one that is paid for now."""
    credit: int
    currency: str = TURKISH_LIRA
    cards: list[StoredCard]
    """The default one first, then the newest."""
    owed: Owed | None
    is_concluded: bool = False
    """The contract of what is owed was accepted already."""


async def terms_of(session: AsyncSession, viewer: Viewer, *, at: datetime) -> Terms:
    """Return the terms of the viewer's company. One query."""
    held = viewer.subscription
    rows = (await session.execute(_statement(viewer, held))).all()
    prices, cards = _each(row[0] for row in rows), _each(row[1] for row in rows)
    return Terms(
        offers=offers_at(price for price in prices if price.superseded_at is None),
        agreed=next((price for price in prices if held and price.id == held.pending_price_id), None),
        is_change=held is not None and not held.converts_at_trial_end,
        credit=rows[0][2] or 0,
        cards=cards,
        owed=_owed(held, rows[0], cards, at=at) if held else None,
        is_concluded=len(rows[0]) > PAIRS and rows[0].concluded,
    )


def _statement(viewer: Viewer, held: Subscription | None) -> Select[*tuple[Any, ...]]:
    """Select price, card and credit; in dunning also the oldest debt and what was tried."""
    statement: Select[*tuple[Any, ...]] = (
        select(PlanPrice, StoredCard, CompanyCredit.balance)
        .select_from(Company)
        .outerjoin(PlanPrice, or_(on_sale(), PlanPrice.id == (held.pending_price_id if held else None)))
        .outerjoin(Plan, Plan.code == PlanPrice.plan_code)
        .outerjoin(StoredCard, and_(StoredCard.company_id == Company.id, StoredCard.removed_at.is_(None)))
        .outerjoin(
            CompanyCredit,
            and_(CompanyCredit.company_id == Company.id, CompanyCredit.currency == TURKISH_LIRA),
        )
        .options(contains_eager(PlanPrice.plan))
        .where(Company.id == viewer.company.id)
        .order_by(Plan.rank, *DEFAULT_FIRST)
    )
    if held is None or held.past_due_since is None:
        return statement
    oldest = aliased(Order, select_open_renewals(held.id).limit(1).subquery())
    return statement.outerjoin(oldest, true()).add_columns(oldest, *tries_at(oldest), concluded(oldest))


def _owed(
    held: Subscription, row: Row[*tuple[Any, ...]], cards: Sequence[StoredCard], *, at: datetime
) -> Owed | None:
    if held.past_due_since is None or row[3] is None:
        return None
    _, _, _, order, undecided, asked, _ = row
    return owed_from(held, order, cards, tries_from(undecided, asked), at=at)


def _each(entities: Iterable[Entity | None]) -> list[Entity]:
    """Return every entity of the pairs once, in the order in which they come."""
    return list(dict.fromkeys(entity for entity in entities if entity is not None))
