"""What the billing page says of a plan beside its period: the change that waits, and the credit there is."""

from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.db.models import Company, CompanyCredit, Plan, PlanPrice
from app.domain.companies.viewer import Viewer
from app.lib.money import TURKISH_LIRA


@dataclass(frozen=True, slots=True)
class Standing:
    """Amounts in minor units."""

    pending: PlanPrice | None
    """With its plan: what begins with the next period."""
    credit: int
    currency: str = TURKISH_LIRA


async def standing_of(session: AsyncSession, viewer: Viewer) -> Standing:
    """Return what waits for the viewer's company. One query."""
    held = viewer.subscription
    # of a trial it is the price that was agreed to, which its own card shows
    pending_id = held.pending_price_id if held and not held.converts_at_trial_end else None
    statement = (
        select(PlanPrice, CompanyCredit.balance)
        .select_from(Company)
        .outerjoin(
            CompanyCredit,
            and_(CompanyCredit.company_id == Company.id, CompanyCredit.currency == TURKISH_LIRA),
        )
        .outerjoin(PlanPrice, PlanPrice.id == pending_id)
        .outerjoin(Plan, Plan.code == PlanPrice.plan_code)
        .options(contains_eager(PlanPrice.plan))
        .where(Company.id == viewer.company.id)
    )
    pending, balance = (await session.execute(statement)).one()
    return Standing(pending, balance or 0)
