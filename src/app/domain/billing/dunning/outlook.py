"""What pages say of an unpaid renewal: its timeline as the engine follows it, and what comes otherwise."""

from dataclasses import dataclass
from datetime import datetime

from app.db.models import Order, StoredCard, Subscription, SubscriptionStatus
from app.domain.billing.dunning import rules
from app.domain.billing.dunning.facts import Owed
from app.domain.billing.dunning.rules import Debt, Stage, Standing, schedule_of
from app.domain.billing.paylinks import pay_path
from app.lib.settings import Settings


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is taken away next, as every page knows it from the subscription alone."""

    stops_at: datetime | None = None
    """When workspaces stop, of a subscription that is past due."""
    ends_at: datetime | None = None
    """When the subscription ends, of a suspended one; a trial that has ended has neither."""


@dataclass(frozen=True, slots=True)
class DunningView:
    """The unpaid renewal on the billing page."""

    order: Order
    outlook: Outlook
    timeline: list[tuple[Stage, Standing]]
    is_undecided: bool
    """A payment is being checked; nothing else is charged or taken away meanwhile."""
    card: StoredCard | None
    """What would be charged now."""
    was_asked: bool
    """A stored card was asked at least once."""
    pay_path: str


def outlook_of(subscription: Subscription | None, settings: Settings) -> Outlook | None:
    """Return what comes unless somebody pays; nothing while nothing is owed and nothing is stopped."""
    if subscription is None:
        return None
    is_past_due = subscription.status is SubscriptionStatus.PAST_DUE
    if not is_past_due and subscription.status is not SubscriptionStatus.SUSPENDED:
        return None
    if subscription.past_due_since is None:
        return Outlook()
    debt = Debt(
        since=subscription.past_due_since,
        attempts=subscription.charge_attempts,
        suspended_at=subscription.suspended_at,
    )
    if is_past_due:
        return Outlook(stops_at=rules.suspension(debt, schedule_of(settings)))
    return Outlook(ends_at=rules.cancellation(debt, schedule_of(settings)))


def dunning_view(
    subscription: Subscription | None, owed: Owed | None, settings: Settings, *, at: datetime
) -> DunningView | None:
    """Return the unpaid renewal of a subscription, if there is one."""
    outlook = outlook_of(subscription, settings)
    if owed is None or outlook is None:
        return None
    return DunningView(
        order=owed.order,
        outlook=outlook,
        timeline=rules.timeline(owed.debt, schedule_of(settings), at),
        is_undecided=owed.debt.undecided,
        card=owed.card,
        was_asked=owed.was_asked,
        pay_path=pay_path(settings, owed.order, at=at),
    )
