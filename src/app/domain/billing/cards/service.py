"""What a company does with its stored cards: choosing the one that is charged, and removing one.

A removal is a wish first: the card is gone from the page at once, and a job removes it at PayTR. Its
tokens are destroyed when PayTR has confirmed.
"""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import UNDECIDED, Company, Payment, StoredCard
from app.domain.audit.changes import Changes, difference
from app.domain.audit.service import record
from app.domain.billing.cards.choice import first_fit_card
from app.domain.billing.cards.store import card_of, cards_of, tokens_of
from app.domain.billing.dunning.service import retry_now
from app.domain.companies.clocks import lives_here
from app.domain.companies.viewer import Viewer
from app.domain.jobs import Job
from app.domain.payments.gateway import GatewayError, PaymentGateway
from app.domain.subscriptions.queries import newest_subscription
from app.lib.clock import ISTANBUL
from app.lib.errors import DomainError
from app.lib.i18n import N_
from app.lib.settings import Settings
from app.lib.uow import defer, unit_of_work

RETRY_SOONEST, RETRY_LATEST = timedelta(minutes=2), timedelta(hours=6)
log = structlog.stdlib.get_logger("cards")


class CardInUse(DomainError):
    """A charge of the card is not decided yet."""


async def lock_cards(session: AsyncSession, company_id: UUID) -> None:
    """Let changes to a company's set of cards happen one after the other."""
    await session.execute(select(Company.id).where(Company.id == company_id).with_for_update(key_share=True))


async def make_default(session: AsyncSession, viewer: Viewer, card_id: UUID, *, at: datetime) -> None:
    """Charge this card from now on, and at once what is owed for a renewal.

    Choosing the one that is chosen already changes nothing. The subscription is held first, as a charge does.
    """
    await newest_subscription(session, viewer.company.id, lock=True)
    await lock_cards(session, viewer.company.id)
    card = await card_of(session, viewer.company.id, card_id, lock=True)
    if card.is_default:
        return
    if not card.is_fit(at.astimezone(ISTANBUL).date()):
        raise DomainError(N_("This card cannot be charged without you. Choose another card or add one."))
    before = next((one for one in await cards_of(session, viewer.company.id) if one.is_default), None)
    await set_default(session, card)
    changes = difference({"card": before and _name_of(before)}, {"card": _name_of(card)})
    _record(session, viewer, card, "card.made_default", at=at, changes=changes)
    await retry_now(session, viewer.company.id, at=at)


async def remove_card(session: AsyncSession, viewer: Viewer, card_id: UUID, *, at: datetime) -> None:
    """Take a card away; when it was the default one, the newest fit card takes its place.

    Raises `CardInUse` while a charge of it is undecided: its outcome may have to be acted upon.
    """
    await lock_cards(session, viewer.company.id)
    card = await card_of(session, viewer.company.id, card_id, lock=True)
    undecided = exists().where(Payment.card_id == card.id, Payment.status.in_(UNDECIDED))
    if await session.scalar(select(undecided)):
        raise CardInUse(
            N_("A payment with this card is being checked. Remove the card once its outcome is known.")
        )
    was_default, card.is_default = card.is_default, False
    card.removed_at = card.removal_due_at = at
    await session.flush()
    if was_default:
        await _choose_default(session, viewer.company.id, at=at)
    _record(session, viewer, card, "card.removed", at=at)
    defer(session, Job.REMOVE_CARD, key=f"remove-card:{card.id}", card_id=str(card.id))


async def set_default(session: AsyncSession, card: StoredCard) -> None:
    """Make a card the company's only default; the caller holds `lock_cards`."""
    for other in await cards_of(session, card.company_id):
        if other.is_default and other is not card:
            other.is_default = False
            await session.flush()
    card.is_default = True
    await session.flush()


async def due_removals(session: AsyncSession, *, at: datetime, limit: int = 100) -> list[UUID]:
    """Return the cards that have still to be removed at PayTR, longest due first."""
    statement = (
        select(StoredCard.id)
        .where(StoredCard.removal_due_at <= at, lives_here(session, StoredCard.company_id))
        .order_by(StoredCard.removal_due_at)
        .limit(limit)
    )
    return list(await session.scalars(statement))


async def remove_at_provider(
    session_maker: async_sessionmaker[AsyncSession],
    gateway: PaymentGateway,
    settings: Settings,
    card_id: UUID,
    *,
    at: datetime,
) -> None:
    """Remove a card at PayTR and destroy its tokens; unanswered, it is due again. Not due is fine."""
    card = await _claim(session_maker, card_id, at=at)
    if card is None:
        return
    tokens = tokens_of(card, settings.keys)
    try:
        await gateway.delete_card(user_token=tokens.user, card_token=tokens.card)
    except GatewayError as error:
        log.warning("card.not_removed_yet", row=str(card_id), reason=str(error))
        return
    async with unit_of_work(session_maker) as session:
        card = await session.get_one(StoredCard, card_id, with_for_update=True)
        card.user_token = card.card_token = card.removal_due_at = None
        record(
            session,
            at=at,
            action="card.forgotten",
            subject=card.id,
            company_id=card.company_id,
            actor="paytr",
        )


async def _claim(
    session_maker: async_sessionmaker[AsyncSession], card_id: UUID, *, at: datetime
) -> StoredCard | None:
    """Take a removal for one try; the next one waits about as long as the card has been gone."""
    async with unit_of_work(session_maker) as session:
        card = await session.scalar(
            select(StoredCard)
            .where(StoredCard.id == card_id, StoredCard.removal_due_at <= at)
            .with_for_update(skip_locked=True)
        )
        if card is not None:
            gone_for = at - (card.removed_at or at)
            card.removal_due_at = at + min(max(gone_for, RETRY_SOONEST), RETRY_LATEST)
        return card


async def _choose_default(session: AsyncSession, company_id: UUID, *, at: datetime) -> None:
    fit = first_fit_card(await cards_of(session, company_id), at)
    if fit is not None:
        await set_default(session, fit)


def _name_of(card: StoredCard) -> str:
    return f"{card.brand} •••• {card.last_four}"


def _record(
    session: AsyncSession,
    viewer: Viewer,
    card: StoredCard,
    action: str,
    *,
    at: datetime,
    changes: Changes | None = None,
) -> None:
    record(
        session,
        at=at,
        action=action,
        subject=card.id,
        company_id=card.company_id,
        actor_id=viewer.user.id,
        facts={"brand": card.brand, "last_four": card.last_four},
        changes=changes,
    )
