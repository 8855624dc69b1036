"""E-mails about renewing, owing, changing and ending."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from app.domain.notifications.messages.base import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalNotice(Message):
    """A paid period ends in some days and the next one will be charged, or is to be paid."""

    template: ClassVar[str] = "renewal_notice"

    company_name: str
    plan_name: str
    """Of the period to come."""
    plan_before: str | None
    """Of the running period, when another plan was chosen for the next one."""
    interval: str
    """`month` or `year`, of the period to come."""
    renews_at: datetime
    total: int
    credit: int
    """What the company's credit pays of it."""
    due: int
    currency: str
    card: str | None
    """The last four digits of the card that is charged; without one it is paid by hand."""
    billing_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpaidRenewal(Message):
    """What every letter about an unpaid renewal says; `due_at` is when the letter's stage comes."""

    company_name: str
    plan_name: str
    total: int
    currency: str
    due_at: datetime
    pay_url: str
    """Needs no login."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalDue(UnpaidRenewal):
    """A period has ended and there is no card to charge for the next one; it is to be paid by hand."""

    template: ClassVar[str] = "renewal_due"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspensionNear(UnpaidRenewal):
    """Workspaces stop tomorrow unless the renewal is paid."""

    template: ClassVar[str] = "suspension_near"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionSuspended(UnpaidRenewal):
    """Workspaces are stopped; `due_at` is when the subscription ends."""

    template: ClassVar[str] = "subscription_suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationNear(UnpaidRenewal):
    """The subscription ends tomorrow unless the renewal is paid."""

    template: ClassVar[str] = "cancellation_near"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionCanceled(Message):
    """The subscription has ended: as it was wished, or because nobody paid."""

    template: ClassVar[str] = "subscription_canceled"

    company_name: str
    plan_name: str
    is_unpaid: bool
    kept_until: datetime
    billing_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationNoted(Message):
    """The subscription will end with its paid period, as somebody of the company wished."""

    template: ClassVar[str] = "cancellation_noted"

    company_name: str
    plan_name: str
    ends_at: datetime
    kept_until: datetime
    billing_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationUndone(Message):
    """The subscription goes on after all."""

    template: ClassVar[str] = "cancellation_undone"

    company_name: str
    plan_name: str
    renews_at: datetime
    billing_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionEndedNow(Message):
    """The subscription was ended at once, and what goes back for what was not used."""

    template: ClassVar[str] = "subscription_ended_now"

    company_name: str
    plan_name: str
    refunded: int
    """Goes back to the card."""
    credited: int
    """Stays as credit."""
    currency: str
    kept_until: datetime
    billing_url: str
