"""What a preview has promised, signed, so that whoever confirms it is charged exactly that."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from app.db.models import Subscription
from app.domain.billing.changes.quotes import Quote
from app.lib.crypto import seal, unseal
from app.lib.settings import Settings

PURPOSE = "plan-change"
GOOD_FOR = timedelta(minutes=10)


class Promise(msgspec.Struct, frozen=True):
    """The instant of a quote and everything it says of money; amounts in minor units."""

    subscription_id: UUID
    held_id: UUID
    price_id: UUID
    at: datetime
    until: datetime
    gross: int
    unused: int
    credit: int

    @classmethod
    def of(cls, subscription: Subscription, quote: Quote) -> "Promise":
        """Return what a quote promises."""
        return cls(
            subscription.id,
            quote.held.id,
            quote.price.id,
            quote.at,
            quote.period.end,
            quote.gross,
            quote.unused,
            quote.credit,
        )


def sealed(promise: Promise, settings: Settings, *, at: datetime) -> str:
    """Return a promise as a form may carry it, good for `GOOD_FOR`."""
    text = msgspec.json.encode(promise).decode()
    return seal(settings.keys, PURPOSE, text, expires_at=at + GOOD_FOR)


def opened(text: str, settings: Settings, *, at: datetime) -> Promise | None:
    """Return the promise, or nothing when it has ended or was not ours."""
    found = unseal(settings.keys, PURPOSE, text, at=at)
    return msgspec.json.decode(found, type=Promise) if found else None
