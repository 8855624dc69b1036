"""What a company is written while a renewal is not paid: every letter leads to the payment link."""

from datetime import datetime
from typing import TypeVar

from app.db.models import Order
from app.domain.billing.paylinks import pay_link
from app.domain.billing.reminders import Reader, Write
from app.domain.notifications.messages import (
    CancellationNear,
    RenewalDue,
    SubscriptionCanceled,
    SubscriptionSuspended,
    SuspensionNear,
    UnpaidRenewal,
)
from app.lib.settings import Settings

Letter = TypeVar("Letter", bound=UnpaidRenewal)


def renewal_due(settings: Settings, order: Order, stops_at: datetime, *, at: datetime) -> Write:
    """Write that a period is to be paid by hand, and when workspaces stop otherwise."""
    return _about(RenewalDue, settings, order, stops_at, at)


def suspension_near(settings: Settings, order: Order, stops_at: datetime, *, at: datetime) -> Write:
    """Write that workspaces stop tomorrow."""
    return _about(SuspensionNear, settings, order, stops_at, at)


def suspended(settings: Settings, order: Order, ends_at: datetime, *, at: datetime) -> Write:
    """Write that workspaces are stopped, and when the subscription ends."""
    return _about(SubscriptionSuspended, settings, order, ends_at, at)


def cancellation_near(settings: Settings, order: Order, ends_at: datetime, *, at: datetime) -> Write:
    """Write that the subscription ends tomorrow."""
    return _about(CancellationNear, settings, order, ends_at, at)


def canceled(settings: Settings, plan_name: str, *, at: datetime, is_unpaid: bool) -> Write:
    """Write that a subscription has ended, why, and how long files are kept."""

    def write(reader: Reader) -> SubscriptionCanceled:
        return SubscriptionCanceled(
            full_name=reader.user.full_name,
            company_name=reader.company.name,
            plan_name=plan_name,
            is_unpaid=is_unpaid,
            kept_until=at + settings.data_kept,
            billing_url=f"{settings.base_url}/billing",
        )

    return write


def _about(letter: type[Letter], settings: Settings, order: Order, due_at: datetime, at: datetime) -> Write:
    def write(reader: Reader) -> Letter:
        return letter(
            full_name=reader.user.full_name,
            company_name=reader.company.name,
            plan_name=order.plan_name,
            total=order.due,
            currency=order.currency,
            due_at=due_at,
            pay_url=pay_link(settings, order, at=at),
        )

    return write
