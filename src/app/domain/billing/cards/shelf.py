"""Writing down the card that PayTR has kept: which one of its list it is, and the row we keep of it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import (
    REGISTRATION_TRANSITIONS,
    CardRegistration,
    Payment,
    RegistrationStatus,
    StoredCard,
)
from app.domain.audit.service import record
from app.domain.billing.cards.service import lock_cards, set_default
from app.domain.billing.cards.store import cards_of, digest_of, digests_of, hide, reveal
from app.domain.payments.values import ListedCard
from app.lib.clock import ISTANBUL
from app.lib.crypto import Keys


async def store_listed_card(
    session: AsyncSession,
    registration_id: UUID,
    user_token: str,
    listed: Sequence[ListedCard],
    keys: Keys,
    *,
    at: datetime,
) -> StoredCard | None:
    """Keep the registration's card of PayTR's list; nothing when it is not there yet, or kept already."""
    registration = await session.get_one(CardRegistration, registration_id)
    await lock_cards(session, registration.company_id)
    payment = await _payment_of(session, registration)
    await session.refresh(registration, with_for_update=True)
    if registration.status is not RegistrationStatus.CONFIRMED:
        return None
    known = await _known_cards(session, registration.company_id)
    token = reveal(keys, registration.card_token) if registration.card_token else None
    found = pick(listed, {card.card_digest for card in known}, token, keys)
    if found is None:
        return None
    digests = digests_of(keys, found.card_token)
    same = [card for card in known if card.card_digest in digests]
    card = next((card for card in same if card.removed_at is None), None)
    if card is None:
        card = StoredCard(company_id=registration.company_id, is_default=False)
    for removed in same:
        _call_off_removal(removed)
    card.user_token, card.card_token = hide(keys, user_token), hide(keys, found.card_token)
    card.card_digest = digest_of(keys, found.card_token)
    _describe(card, found, registration)
    session.add(card)
    await session.flush()
    await _adopt(session, card, at=at)
    _conclude(session, registration, card, at=at)
    if payment is not None:
        payment.card_id = card.id
    return card


def pick(
    listed: Sequence[ListedCard], known: set[str], card_token: str | None, keys: Keys
) -> ListedCard | None:
    """Return the card a registration is about: the one its callback named, else the one we do not know.

    A callback may lack the ctoken (paytr.md §5). The only card there is must be it, even when known.
    """
    if card_token is not None:
        return next((card for card in listed if card.card_token == card_token), None)
    fresh = [card for card in listed if known.isdisjoint(digests_of(keys, card.card_token))]
    if fresh:
        return fresh[0]
    return listed[0] if len(listed) == 1 else None


async def _payment_of(session: AsyncSession, registration: CardRegistration) -> Payment | None:
    """Lock the order's payment that kept the card, if one did: before the registration, as settlement."""
    if registration.payment_id is None:
        return None
    return await session.get_one(Payment, registration.payment_id, with_for_update=True)


async def _known_cards(session: AsyncSession, company_id: UUID) -> list[StoredCard]:
    """Return all cards the company ever had; PayTR lists a removed one until its removal is done."""
    return list(await session.scalars(select(StoredCard).where(StoredCard.company_id == company_id)))


def _call_off_removal(card: StoredCard) -> None:
    """Forget the tokens of a removed card that has come back: its removal would now take the new one."""
    if card.removed_at is not None:
        card.user_token = card.card_token = card.removal_due_at = None


def _describe(card: StoredCard, found: ListedCard, registration: CardRegistration) -> None:
    card.added_by_id = registration.started_by_id
    card.brand, card.bank, card.last_four = found.brand, found.bank, found.last_four
    card.expiry_month, card.expiry_year = found.expiry_month, found.expiry_year
    card.requires_cvv = found.requires_cvv
    card.refused_at = None
    card.consent_version = registration.consent_version
    card.consented_at = registration.consented_at
    card.consent_address = registration.consent_address


async def _adopt(session: AsyncSession, card: StoredCard, *, at: datetime) -> None:
    """Make a first card the default one, and a fit card in the place of an unfit one."""
    today = at.astimezone(ISTANBUL).date()
    current = next((other for other in await cards_of(session, card.company_id) if other.is_default), None)
    if current is None or (card.is_fit(today) and not current.is_fit(today)):
        await set_default(session, card)


def _conclude(
    session: AsyncSession, registration: CardRegistration, card: StoredCard, *, at: datetime
) -> None:
    registration.status = REGISTRATION_TRANSITIONS.move(registration.status, RegistrationStatus.STORED)
    registration.card_id = card.id
    registration.user_token = registration.card_token = None
    record(
        session,
        at=at,
        action="card.stored",
        subject=card.id,
        company_id=card.company_id,
        actor="paytr",
        facts={"brand": card.brand, "last_four": card.last_four, "requires_cvv": card.requires_cvv},
    )
