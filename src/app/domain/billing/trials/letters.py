"""What a company is told about its trial."""

from datetime import datetime

from app.db.models import PlanPrice, StoredCard, Subscription
from app.domain.billing.reminders import Write, days_until
from app.domain.notifications.messages import TrialEnded, TrialEnds
from app.lib.settings import Settings


def trial_ends(
    subscription: Subscription,
    ends_at: datetime,
    price: PlanPrice | None,
    card: StoredCard | None,
    *,
    settings: Settings,
    at: datetime,
) -> Write:
    """Return the reminder; `price` and `card` are those of a charge that was agreed to and can be made."""
    will_charge = price is not None and card is not None
    return lambda reader: TrialEnds(
        full_name=reader.user.full_name,
        company_name=reader.company.name,
        plan_name=subscription.plan.name,
        trial_ends_at=ends_at,
        days_left=days_until(ends_at, at),
        total=price.gross if will_charge and price else None,
        currency=price.currency if will_charge and price else None,
        card=card.last_four if will_charge and card else None,
        billing_url=f"{settings.base_url}/billing",
    )


def trial_ended(
    subscription: Subscription, kept_until: datetime, *, was_to_be_charged: bool, settings: Settings
) -> Write:
    """Return what is said once the trial is over and nothing was paid."""
    return lambda reader: TrialEnded(
        full_name=reader.user.full_name,
        company_name=reader.company.name,
        plan_name=subscription.plan.name,
        was_to_be_charged=was_to_be_charged,
        data_kept_until=kept_until,
        billing_url=f"{settings.base_url}/billing",
    )
