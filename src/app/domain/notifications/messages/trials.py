"""E-mails about beginning, trying, and the files of who did not go on."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from app.domain.notifications.messages.base import Message, SealedLink


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome(Message):
    """A company has registered; its trial runs, or there is none and a plan is to be paid first."""

    template: ClassVar[str] = "welcome"

    company_name: str
    plan_name: str
    workspace_limit: int | None
    """How many workspaces the plan allows; None is unlimited."""
    trial_ends_at: datetime | None
    """None when the address has had its trial before."""
    link: SealedLink | None
    """Confirms the address; workspaces wait for it."""
    expires_at: datetime | None
    dashboard_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEnds(Message):
    """A trial ends in some days: nothing is charged then, or what was agreed to is."""

    template: ClassVar[str] = "trial_ends"

    company_name: str
    plan_name: str
    trial_ends_at: datetime
    days_left: int
    """Midnights in Türkiye: 0 is today."""
    total: int | None
    """What is charged when it ends, if the company agreed to that."""
    currency: str | None
    card: str | None
    """The last four digits of the card that is charged."""
    billing_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEnded(Message):
    """A trial is over and nothing was paid: workspaces are stopped, files are kept for a while."""

    template: ClassVar[str] = "trial_ended"

    company_name: str
    plan_name: str
    was_to_be_charged: bool
    """The company agreed to a charge, and it could not be made."""
    data_kept_until: datetime
    billing_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionNear(Message):
    """Files of a company without a plan will be deleted soon."""

    template: ClassVar[str] = "deletion_near"

    company_name: str
    workspace_count: int
    data_kept_until: datetime
    days_left: int
    billing_url: str
