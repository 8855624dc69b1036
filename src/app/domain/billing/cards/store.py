"""Reading stored cards, and the one place where their tokens are encrypted and opened."""

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import StoredCard
from app.db.models.stored_card import CARD_TOKENS
from app.db.scoped import owned
from app.lib.crypto import Encrypted, Keys, decrypt, digest, digests, encrypt
from app.lib.i18n import N_

DEFAULT_FIRST = (StoredCard.is_default.desc(), StoredCard.id.desc())
"""How a company's cards are ordered wherever one of them is chosen: the default one, then the newest."""
CARDS = (
    select(StoredCard)
    .where(StoredCard.company_id == bindparam("company_id"), StoredCard.removed_at.is_(None))
    .order_by(*DEFAULT_FIRST)
)


class NoTokens(LookupError):
    """The card was removed at PayTR and its tokens are destroyed."""


@dataclass(frozen=True, slots=True)
class CardTokens:
    """PayTR's utoken and ctoken in the clear; never in a repr, a log or a page."""

    user: str = field(repr=False)
    card: str = field(repr=False)


def hide(keys: Keys, token: str) -> Encrypted:
    """Return a token as a column may hold it."""
    return encrypt(keys, CARD_TOKENS, token)


def reveal(keys: Keys, hidden: Encrypted) -> str:
    """Return a token from its column. Raises `Unreadable` when the key that wrote it is gone."""
    return decrypt(keys, CARD_TOKENS, hidden)


def digest_of(keys: Keys, card_token: str) -> str:
    """Return the keyed digest by which a card is found again."""
    return digest(keys, CARD_TOKENS, card_token)


def digests_of(keys: Keys, card_token: str) -> list[str]:
    """Return every digest that a row may have of a card, while keys are being changed."""
    return digests(keys, CARD_TOKENS, card_token)


def tokens_of(card: StoredCard, keys: Keys) -> CardTokens:
    """Return what a charge or a removal sends. Raises `NoTokens`, and `Unreadable` as `reveal` does."""
    if card.user_token is None or card.card_token is None:
        raise NoTokens(f"card {card.id} has no tokens")
    return CardTokens(reveal(keys, card.user_token), reveal(keys, card.card_token))


async def cards_of(session: AsyncSession, company_id: UUID) -> list[StoredCard]:
    """Return a company's cards, the default one first, then the newest."""
    return list(await session.scalars(CARDS, {"company_id": company_id}))


async def card_of(
    session: AsyncSession, company_id: UUID, card_id: UUID, *, lock: bool = False
) -> StoredCard:
    """Return one card of this company; anybody else's, and a removed one, is not found.

    Locked, no charge of it can begin until the transaction ends: its row is what a payment refers to.
    """
    standing = (StoredCard.id == card_id, StoredCard.removed_at.is_(None))
    missing = N_("There is no such card.")
    return await owned(session, StoredCard, company_id, *standing, missing=missing, lock=lock)


async def user_token_of(session: AsyncSession, company_id: UUID, keys: Keys) -> str | None:
    """Return the utoken of a company's cards at PayTR; a second one would split them (paytr.md §8)."""
    statement = (
        select(StoredCard.user_token)
        .where(StoredCard.company_id == company_id, StoredCard.user_token.is_not(None))
        .order_by(StoredCard.id.desc())
        .limit(1)
    )
    hidden = await session.scalar(statement)
    return reveal(keys, hidden) if hidden else None
