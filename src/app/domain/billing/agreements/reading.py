"""What was accepted, for those who may ask: the list, one in its own words, and an order's contract."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import LegalAcceptance, LegalText, Order, User
from app.domain.accounts.legal import DISTANCE_SALES
from app.lib.errors import NotFound
from app.lib.i18n import N_

PATH = "/company/acceptances"
AT_MOST = 200


@dataclass(frozen=True, slots=True)
class AcceptanceRow:
    """One acceptance with who gave it, and the order it is about, if it is about one."""

    acceptance: LegalAcceptance
    person: str | None
    plan_name: str | None


async def acceptances_of(session: AsyncSession, company_id: UUID) -> list[AcceptanceRow]:
    """Return what was accepted in a company, newest first."""
    statement = (
        select(LegalAcceptance, User.full_name, Order.plan_name)
        .outerjoin(User, User.id == LegalAcceptance.user_id)
        .outerjoin(Order, Order.id == LegalAcceptance.order_id)
        .where(LegalAcceptance.company_id == company_id)
        .order_by(LegalAcceptance.accepted_at.desc(), LegalAcceptance.id.desc())
        .limit(AT_MOST)
    )
    return [AcceptanceRow(*row) for row in (await session.execute(statement)).tuples()]


async def accepted_text(
    session: AsyncSession, company_id: UUID, acceptance_id: UUID
) -> tuple[LegalAcceptance, LegalText | None]:
    """Return what a company accepted in the words it was shown. Raises `NotFound`.

    Words from before they were kept are nowhere; their version is.
    """
    statement = (
        select(LegalAcceptance, LegalText)
        .outerjoin(LegalText, LegalText.sha256 == LegalAcceptance.sha256)
        .where(LegalAcceptance.id == acceptance_id, LegalAcceptance.company_id == company_id)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound(N_("There is no such acceptance."))
    acceptance, text = row
    return acceptance, text


async def contract_of_order(session: AsyncSession, order_id: UUID) -> str | None:
    """Return the address of an order's accepted contract, without its host, for a letter to lead to."""
    statement = select(LegalAcceptance.id).where(
        LegalAcceptance.order_id == order_id, LegalAcceptance.document == DISTANCE_SALES.slug
    )
    found = await session.scalar(statement)
    return f"{PATH}/{found}" if found else None
