"""What is to be done about a trial at one instant: pure rules (product §3)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.billing.reminders import days_ahead

REMINDED_AHEAD = (7, 3, 1)
"""Days before its end at which a trial's owner is reminded."""


class Step(StrEnum):
    """What the trial check does."""

    REMIND = "remind"
    CHARGE = "charge"
    WAIT = "wait"
    """Neither ended nor charged now; the next check looks again."""
    END = "end"


@dataclass(frozen=True, slots=True)
class TrialFacts:
    """What is known of a running trial."""

    ends_at: datetime
    converts: bool
    """The owner asked that it goes on as a paid period."""
    is_charged: bool
    """The charge for that was written down; there is one and no other."""
    must_wait: bool
    """Money may be on its way, or the company's books do not agree and nothing is charged by itself."""
    has_fit_card: bool


def next_step(facts: TrialFacts, *, at: datetime) -> Step:
    """Return what is to be done now."""
    if at < facts.ends_at:
        return Step.REMIND
    if not facts.converts:
        return Step.END
    if facts.must_wait:
        return Step.WAIT
    return Step.END if facts.is_charged or not facts.has_fit_card else Step.CHARGE


def reminder_days(ends_at: datetime) -> list[datetime]:
    """Return the instants at which reminders are due, the first one first."""
    return [days_ahead(ends_at, days) for days in REMINDED_AHEAD]
