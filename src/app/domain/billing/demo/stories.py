"""What happened to the demo companies, told in days and minutes before the telling."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.db.models import SubscriptionStatus
from app.lib.ids import random_reference

TWO_TABS = (timedelta(minutes=14), timedelta(minutes=12))
"""When somebody paid who had the page open twice; today, so that PayTR has the money to give back."""


@dataclass(frozen=True, slots=True)
class Story:
    """One demo company: when it signed up (days ago), what it paid (days ago), where it ended."""

    slug: str
    company: str
    plan: str
    signed_up: int
    paid: tuple[int, ...] = ()
    declined: tuple[int, ...] = ()
    from_two_tabs: bool = False
    status: SubscriptionStatus | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to pay, named before it is made: PayTR's book has it first."""

    merchant_oid: str
    at: datetime
    succeeds: bool = True


STORIES = (
    Story("deneme", "Deneme Yazılım", "team", signed_up=4),
    Story("suresi-biten", "Süresi Biten Deneme", "starter", signed_up=20),
    Story("faal", "Faal Bilişim A.Ş.", "team", signed_up=75, paid=(62, 31, 1)),
    Story(
        "geciken",
        "Geciken Ödeme Ltd.",
        "starter",
        signed_up=60,
        paid=(34,),
        declined=(3,),
        status=SubscriptionStatus.PAST_DUE,
    ),
    Story("askida", "Askıda Medya", "starter", signed_up=90, paid=(45,), status=SubscriptionStatus.SUSPENDED),
    Story(
        "ayrilan",
        "Ayrılan Danışmanlık",
        "enterprise",
        signed_up=120,
        paid=(100,),
        status=SubscriptionStatus.CANCELED,
    ),
    Story("iki-sekme", "İki Sekme Atölyesi", "starter", signed_up=9, from_two_tabs=True),
)

PATHS = {
    SubscriptionStatus.PAST_DUE: (SubscriptionStatus.PAST_DUE,),
    SubscriptionStatus.SUSPENDED: (SubscriptionStatus.PAST_DUE, SubscriptionStatus.SUSPENDED),
    SubscriptionStatus.CANCELED: (SubscriptionStatus.CANCELED,),
}


def purchases(story: Story, at: datetime) -> list[list[Attempt]]:
    """Return the attempts of a story, oldest first; those of one purchase were open at the same moment."""
    found = [[_attempt(at - timedelta(days=days))] for days in story.paid]
    found += [[_attempt(at - timedelta(days=days), succeeds=False)] for days in story.declined]
    if story.from_two_tabs:
        found.append([_attempt(at - before) for before in TWO_TABS])
    return found


def _attempt(at: datetime, *, succeeds: bool = True) -> Attempt:
    return Attempt(random_reference("TZG"), at, succeeds)
