"""What a letter about a failed payment says of what comes next: where to pay, and what happens otherwise."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.db.models import OrderKind, PaymentChannel
from app.domain.billing.dunning.rules import Debt, next_attempt, schedule_of, suspension
from app.domain.billing.paylinks import pay_link
from app.domain.payments.declines import ends_silent_charges
from app.lib.settings import Settings


@dataclass(frozen=True, slots=True)
class Afterwards:
    """The way to pay, and what comes by itself."""

    retry_url: str
    next_attempt_at: datetime | None = None
    suspends_at: datetime | None = None


def after_failure(
    settings: Settings,
    *,
    order_id: UUID,
    kind: OrderKind,
    channel: PaymentChannel,
    code: str | None,
    since: datetime | None,
    suspended_at: datetime | None,
    at: datetime,
) -> Afterwards:
    """Return what follows the failure of one attempt; `since` and `suspended_at` are the subscription's.

    A card that a person typed is not asked again by itself, nor one that the bank has refused for good.
    """
    if kind is not OrderKind.RENEWAL or since is None:
        return Afterwards(f"{settings.base_url}/billing")
    debt, schedule = Debt(since=since, attempts=0, suspended_at=suspended_at), schedule_of(settings)
    asked_again = channel is PaymentChannel.STORED_CARD and not ends_silent_charges(code)
    stops_at = suspension(debt, schedule)
    return Afterwards(
        pay_link(settings, order_id, at=at),
        next_attempt_at=next_attempt(debt, schedule, at) if asked_again else None,
        suspends_at=stops_at if suspended_at is None and stops_at > at else None,
    )
