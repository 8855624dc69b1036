"""Which of a company's cards can be charged without the buyer, and which of them is charged."""

from collections.abc import Sequence
from datetime import datetime

from app.db.models import StoredCard
from app.lib.clock import ISTANBUL


def first_fit_card(cards: Sequence[StoredCard], at: datetime) -> StoredCard | None:
    """Return the first card that can be charged: of all in their order, the default one or the newest."""
    today = at.astimezone(ISTANBUL).date()
    return next((card for card in cards if card.is_fit(today)), None)


def default_fit_card(cards: Sequence[StoredCard], at: datetime) -> StoredCard | None:
    """Return the default card if it can be charged; where somebody agreed to it, no other takes its place."""
    return first_fit_card([card for card in cards if card.is_default], at)
