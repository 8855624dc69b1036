"""Concluding the contract of an order, once, before anything is paid for it.

Charges of a stored card that nobody starts rest on the consent given with the card and on the contract of the
order that began the subscription; whoever presses pay is asked for the order they pay.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Company, LegalAcceptance, Order
from app.domain.accounts.legal_texts import keep
from app.domain.audit.service import record
from app.domain.billing.agreements.papers import Papers, papers_of
from app.lib.errors import InvalidInput
from app.lib.i18n import N_
from app.lib.settings import Settings

FIELD = "accept_contract"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What somebody said to the contract they were shown, who they are, and from where they said it."""

    accepts: bool
    shown: str
    """The digest of the papers on the page; empty where none were shown yet."""
    language: str
    address: str
    email: str = ""
    user_id: UUID | None = None
    """Nobody where an order is paid through its link."""


class NotConcluded(InvalidInput):
    """The contract has to be shown, or shown once more; nothing was concluded."""

    def __init__(
        self, message: str, order: Order, papers: Papers, *, is_new: bool = False, field: str | None = FIELD
    ) -> None:
        super().__init__(message, field=field)
        self.order = order
        self.papers = papers
        self.is_new = is_new
        """It was not shown before, so nobody has left anything out."""


async def conclude(
    session: AsyncSession, order: Order, answer: Answer, *, settings: Settings, at: datetime
) -> None:
    """Keep that the contract of an order was accepted as shown; one that stands is not asked for again.

    The caller holds the order's subscription. Raises `NotConcluded` with what is to be shown.
    """
    if await is_concluded(session, order.id):
        return
    company = await session.get_one(Company, order.company_id)
    papers = papers_of(order, company, settings, language=answer.language, email=answer.email)
    if not answer.accepts:
        message = N_("Accept the contract to go on.")
        raise NotConcluded(message, order, papers, is_new=not answer.shown)
    if answer.shown != papers.digest:
        message = N_("The contract is not the one you saw. Read it once more; nothing was charged.")
        raise NotConcluded(message, order, papers)
    for document, words in papers.documents:
        session.add(
            LegalAcceptance(
                user_id=answer.user_id,
                company_id=order.company_id,
                order_id=order.id,
                document=document.slug,
                version=words.version,
                sha256=await keep(session, words, company_id=order.company_id),
                accepted_at=at,
                address=answer.address,
            )
        )
    record(
        session,
        at=at,
        action="contract.accepted",
        subject=order.id,
        company_id=order.company_id,
        actor_id=answer.user_id,
        actor="user" if answer.user_id else "payment link",
        facts={"plan": order.plan_code, "gross": order.gross, "currency": order.currency},
    )


async def papers_to_show(
    session: AsyncSession, order: Order, settings: Settings, *, language: str, email: str
) -> Papers | None:
    """Return what has to be accepted before an order can be paid; nothing where that was done."""
    if await is_concluded(session, order.id):
        return None
    company = await session.get_one(Company, order.company_id)
    return papers_of(order, company, settings, language=language, email=email)


async def is_concluded(session: AsyncSession, order_id: UUID) -> bool:
    """Say whether the contract of an order was accepted."""
    statement = select(LegalAcceptance.id).where(LegalAcceptance.order_id == order_id).limit(1)
    return await session.scalar(statement) is not None


def concluded(order: type[Order]) -> ColumnElement[bool]:
    """Return the column that says whether the contract of an order was accepted."""
    return exists().where(LegalAcceptance.order_id == order.id).label("concluded")
