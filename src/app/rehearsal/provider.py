"""PayTR in a rehearsal: every stored card pays while it is valid, and the bank refuses it afterwards."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import StoredCard
from app.domain.billing.cards.store import NoTokens, tokens_of
from app.domain.payments.paytr.fake import InMemoryGateway
from app.domain.payments.paytr.fake_book import FakeCard
from app.lib.clock import ISTANBUL
from app.lib.crypto import Keys, Unreadable

PAYS = {"status": "success", "msg": "paid"}
EXPIRED = {"status": "failed", "msg": "the card has expired", "try_again": False}


class RehearsalGateway(InMemoryGateway):
    """The gateway in memory, with the cards of the copied data."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__(clock=clock)
        self._expiries: list[tuple[FakeCard, StoredCard]] = []
        self._told = 0

    async def take_over_cards(self, session: AsyncSession, keys: Keys) -> int:
        """Know the stored cards; return how many could not be read with this installation's key."""
        unreadable = 0
        statement = select(StoredCard).where(StoredCard.removed_at.is_(None)).order_by(StoredCard.id)
        for card in await session.scalars(statement):
            try:
                tokens = tokens_of(card, keys)
            except (NoTokens, Unreadable):
                unreadable += 1
                continue
            known = FakeCard(tokens.card, card.last_four, card.requires_cvv)
            self.cards.setdefault(tokens.user, {})[tokens.card] = known
            self._expiries.append((known, card))
        return unreadable

    def let_cards_expire(self) -> None:
        """Refuse from now on the cards whose last month is over."""
        today = self.clock().astimezone(ISTANBUL).date()
        for known, card in self._expiries:
            known.answer = EXPIRED if card.is_expired(today) else PAYS

    def untold(self) -> list[tuple[str, int]]:
        """Return the payments since the last call, in the order in which they were made."""
        attempts = list(self.attempts.items())[self._told :]
        self._told = len(self.attempts)
        return [(oid, attempt.total) for oid, attempt in attempts if attempt.total is not None]
