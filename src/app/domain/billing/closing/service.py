"""Asking for the end of a company, taking that back, and carrying it out once nothing of it runs.

What is owed is given back by the rules of cancellation, and files go by those of retention, before; so
nothing here moves money. What tax and commercial law keep stays: orders, payments, documents with their
buyer, the ledger, contracts (docs/adr/0032).
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import (
    UNDECIDED,
    Company,
    EmailMessage,
    Invitation,
    Membership,
    Payment,
    StoredCard,
    Subscription,
    SubscriptionStatus,
)
from app.domain.accounts.husks import HUSK, husk_address
from app.domain.audit.service import record
from app.domain.companies.permissions import Permission
from app.domain.companies.viewer import Viewer
from app.domain.jobs import Job
from app.domain.subscriptions.queries import newest_subscription
from app.lib.errors import DomainError
from app.lib.i18n import N_
from app.lib.uow import defer, unit_of_work

CLOSED_COMPANY = N_("Closed company")
AT_MOST = 200


class StillRuns(DomainError):
    """A subscription has to be ended first: how, and with which refund, is the owner's choice."""


class Closing(StrEnum):
    """What one look at a company that is to be closed came to."""

    WAITS = "waits"
    CLOSED = "closed"


async def request_closing(session: AsyncSession, viewer: Viewer, *, at: datetime) -> None:
    """Note that a company is to be closed. A repeat changes nothing.

    Raises `StillRuns` until its subscription has ended, and `NotAllowed` to all but the owner.
    """
    viewer.require(Permission.CLOSE_COMPANY)
    subscription = await newest_subscription(session, viewer.company.id, lock=True)
    if subscription is not None and subscription.status is not SubscriptionStatus.CANCELED:
        raise StillRuns(N_("The subscription still runs. End it first; there you choose about a refund."))
    company = await _held(session, viewer.company.id)
    if company.closing_requested_at is None:
        company.closing_requested_at = at
        _note(session, viewer, "company.closing_requested", at=at)


async def take_back_closing(session: AsyncSession, viewer: Viewer, *, at: datetime) -> None:
    """Keep the company after all. A repeat changes nothing."""
    viewer.require(Permission.CLOSE_COMPANY)
    company = await _held(session, viewer.company.id)
    if company.closing_requested_at is not None and company.closed_at is None:
        company.closing_requested_at = None
        _note(session, viewer, "company.closing_undone", at=at)


async def due_closings(session: AsyncSession, *, at: datetime, limit: int = AT_MOST) -> list[UUID]:
    """Return the companies that can be closed: nothing runs, no file is left, no payment is undecided.

    These are facts and no instants, so a company on a test clock is closed like any other.
    """
    del at  # asked for by every sweep
    statement = (
        select(Company.id)
        .where(
            Company.closing_requested_at.is_not(None),
            Company.closed_at.is_(None),
            ~_is_busy(),
        )
        .order_by(Company.closing_requested_at)
        .limit(limit)
    )
    return list(await session.scalars(statement))


async def close_company(
    session_maker: async_sessionmaker[AsyncSession], company_id: UUID, *, at: datetime
) -> Closing:
    """Take what names people out of a company whose time has come; what has changed meanwhile waits."""
    async with unit_of_work(session_maker) as session:
        await newest_subscription(session, company_id, lock=True)
        company = await _held(session, company_id)
        ready = select(Company.id).where(Company.id == company_id, ~_is_busy())
        if company.closing_requested_at is None or company.closed_at or not await session.scalar(ready):
            return Closing.WAITS
        await _forget(session, company, at=at)
        record(
            session, at=at, action="company.closed", subject=company_id, company_id=company_id, actor="system"
        )
        return Closing.CLOSED


async def _forget(session: AsyncSession, company: Company, *, at: datetime) -> None:
    for card in await session.scalars(
        select(StoredCard).where(StoredCard.company_id == company.id, StoredCard.removed_at.is_(None))
    ):
        card.is_default, card.removed_at, card.removal_due_at = False, at, at
        defer(session, Job.REMOVE_CARD, key=f"remove-card:{card.id}", card_id=str(card.id))
    husk = husk_address(company.id)
    letters = update(EmailMessage).where(EmailMessage.company_id == company.id)
    unsent = letters.where(EmailMessage.sent_at.is_(None))
    await session.execute(
        unsent.values(next_attempt_at=None, failed_at=at, last_error="the company is closed")
    )
    await session.execute(letters.values(context={}, recipient=husk))
    asked = update(Invitation).where(Invitation.company_id == company.id)
    open_ones = asked.where(Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None))
    await session.execute(open_ones.values(withdrawn_at=at))
    await session.execute(asked.values(email=func.concat("invitation-", Invitation.id, HUSK)))
    await session.execute(delete(Membership).where(Membership.company_id == company.id))
    company.name, company.slug = CLOSED_COMPANY, f"closed-{company.id.hex[-20:]}"
    company.legal_name = company.tax_office = company.tax_number = company.address = company.phone = None
    company.closed_at = at
    await session.flush()
    await session.execute(select(func.forget_addresses_of_company(company.id)))


def _is_busy() -> ColumnElement[bool]:
    keeps_files = and_(Subscription.data_kept_until.is_not(None), Subscription.data_deleted_at.is_(None))
    runs = exists().where(
        Subscription.company_id == Company.id,
        or_(Subscription.status != SubscriptionStatus.CANCELED, keeps_files),
    )
    pays = exists().where(Payment.company_id == Company.id, Payment.status.in_(UNDECIDED))
    return or_(runs, pays)


async def _held(session: AsyncSession, company_id: UUID) -> Company:
    return await session.get_one(Company, company_id, with_for_update=True, populate_existing=True)


def _note(session: AsyncSession, viewer: Viewer, action: str, *, at: datetime) -> None:
    record(
        session,
        at=at,
        action=action,
        subject=viewer.company.id,
        company_id=viewer.company.id,
        actor_id=viewer.user.id,
    )
