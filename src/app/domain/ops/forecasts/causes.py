"""Why a company's day went otherwise than it was told: pure rules over what the rows say of it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from app.db.models.forecast import LineKind
from app.domain.ops.forecasts.figures import Line
from app.lib.i18n import N_

Happening = tuple[LineKind, int | None, str | None]


class Cause(StrEnum):
    """What made the difference, as far as the rows tell."""

    DECLINED = "declined"
    UNDECIDED = "undecided"
    CANCELED = "canceled"
    RESUMED = "resumed"
    PLAN_CHANGED = "plan_changed"
    TRIAL_CHOICE = "trial_choice"
    CARD_CHANGED = "card_changed"
    PAID_EARLIER = "paid_earlier"
    PAID_BY_PERSON = "paid_by_person"
    PURCHASE = "purchase"
    NEW_COMPANY = "new_company"
    PARKED = "parked"
    NOT_YET = "not_yet"
    NOT_RUN = "not_run"
    UNKNOWN = "unknown"


SENTENCES = {
    Cause.DECLINED: N_("The card was declined."),
    Cause.UNDECIDED: N_("PayTR has not said yet what became of the charge."),
    Cause.CANCELED: N_("Canceled after the forecast was made."),
    Cause.RESUMED: N_("Its cancellation was taken back after the forecast was made."),
    Cause.PLAN_CHANGED: N_("The plan was changed after the forecast was made."),
    Cause.TRIAL_CHOICE: N_("Its owner decided how the trial ends after the forecast was made."),
    Cause.CARD_CHANGED: N_("A card was added or removed after the forecast was made."),
    Cause.PAID_EARLIER: N_("Paid before the day began."),
    Cause.PAID_BY_PERSON: N_("A person paid what was open."),
    Cause.PURCHASE: N_("A person bought a plan."),
    Cause.NEW_COMPANY: N_("The company signed up after the forecast was made."),
    Cause.PARKED: N_("Not charged by itself, because its books do not agree."),
    Cause.NOT_YET: N_("Still to come today."),
    Cause.NOT_RUN: N_("The scheduled work did not run on this day."),
    Cause.UNKNOWN: N_("The data does not tell why."),
}
CARDS = ("card.stored", "card.forgotten")
CHANGES = ("subscription.change_asked", "subscription.change_noted", "subscription.change_undone")
CANCELLATIONS = ("subscription.cancellation_noted", "subscription.canceled_now")
TRIAL_CHOICES = ("trial.conversion_chosen", "trial.conversion_taken_back")
TELLING = (
    *CARDS,
    *CHANGES,
    *CANCELLATIONS,
    *TRIAL_CHOICES,
    "company.registered",
    "subscription.resumed",
)
"""Entries of the audit trail that explain a difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the rows say of a company beside its lines."""

    since: Mapping[str, datetime]
    """When something last happened after the forecast, by the action of its audit entry."""
    is_undecided: bool = False
    """A payment of it may still take money."""
    paid_earlier: bool = False
    """An order was paid between the forecast and the day."""
    paid_by_person: bool = False
    """A payment of the day was made by a person, not by the engine."""
    is_parked: bool = False
    """It is not charged by itself, because its books do not agree."""
    failure: str = ""
    """What the bank said to the last attempt that was declined."""


@dataclass(frozen=True, slots=True)
class CompanyDay:
    """One company's day: what was expected, and what happened."""

    company_id: UUID
    expected: tuple[Line, ...]
    happened: tuple[Line, ...]

    @property
    def missing(self) -> "Counter[Happening]":
        """What was expected and did not happen."""
        return _counted(self.expected) - _counted(self.happened)

    @property
    def added(self) -> "Counter[Happening]":
        """What happened and was not expected."""
        return _counted(self.happened) - _counted(self.expected)

    @property
    def differs(self) -> bool:
        """Say whether the day went otherwise."""
        return bool(self.missing or self.added)


def compare(expected: Sequence[Line], happened: Sequence[Line]) -> list[CompanyDay]:
    """Return every company that either side names, in the order in which they come."""
    sides: dict[UUID, tuple[list[Line], list[Line]]] = {}
    for line in expected:
        sides.setdefault(line.company_id, ([], []))[0].append(line)
    for line in happened:
        sides.setdefault(line.company_id, ([], []))[1].append(line)
    return [CompanyDay(company, tuple(ours), tuple(theirs)) for company, (ours, theirs) in sides.items()]


def cause_of(day: CompanyDay, known: Evidence, *, is_over: bool, has_run: bool) -> Cause:
    """Return why a company's day went otherwise; what people did comes before what the engine left undone.

    `is_over` says that the day has ended, `has_run` that the scheduled work ran on it.
    """
    look = _Look(
        missing=frozenset(kind for kind, _, _ in day.missing),
        added=frozenset(kind for kind, _, _ in day.added),
        bought=frozenset(line.detail for line in day.happened if line.kind is LineKind.PAID),
        known=known,
        is_over=is_over,
        has_run=has_run,
    )
    return next((cause for cause, holds in RULES if holds(look)), Cause.UNKNOWN)


@dataclass(frozen=True, slots=True)
class _Look:
    """A difference as the rules look at it."""

    missing: frozenset[LineKind]
    added: frozenset[LineKind]
    bought: frozenset[str]
    """For which kinds of orders money came."""
    known: Evidence
    is_over: bool
    has_run: bool

    def has(self, *actions: str) -> bool:
        """Say whether one of these happened after the forecast."""
        return any(action in self.known.since for action in actions)

    @property
    def gained(self) -> bool:
        """Money came that was not expected."""
        return LineKind.PAID in self.added

    @property
    def is_canceled(self) -> bool:
        """It was canceled after the forecast, and that stands."""
        instants = [self.known.since[action] for action in CANCELLATIONS if action in self.known.since]
        resumed = self.known.since.get("subscription.resumed")
        return bool(instants) and (resumed is None or resumed < max(instants))


RULES: Final[tuple[tuple[Cause, Callable[[_Look], bool]], ...]] = (
    (Cause.NEW_COMPANY, lambda look: look.gained and look.has("company.registered")),
    (Cause.PLAN_CHANGED, lambda look: look.gained and ("change" in look.bought or look.has(*CHANGES))),
    (
        Cause.PURCHASE,
        lambda look: look.gained and look.known.paid_by_person and "purchase" in look.bought,
    ),
    (Cause.TRIAL_CHOICE, lambda look: look.gained and look.has(*TRIAL_CHOICES)),
    (Cause.PAID_BY_PERSON, lambda look: look.gained and look.known.paid_by_person),
    (Cause.CANCELED, lambda look: look.is_canceled),
    (Cause.RESUMED, lambda look: look.has("subscription.resumed")),
    (Cause.PLAN_CHANGED, lambda look: look.has(*CHANGES)),
    (Cause.TRIAL_CHOICE, lambda look: look.has(*TRIAL_CHOICES)),
    (Cause.DECLINED, lambda look: LineKind.PAID in look.missing and LineKind.DECLINED in look.added),
    (Cause.PAID_EARLIER, lambda look: bool(look.missing) and look.known.paid_earlier),
    (Cause.UNDECIDED, lambda look: bool(look.missing) and look.known.is_undecided),
    (Cause.CARD_CHANGED, lambda look: look.has(*CARDS)),
    (Cause.PARKED, lambda look: bool(look.missing) and look.known.is_parked),
    (Cause.NOT_YET, lambda look: not look.is_over and not look.added),
    (Cause.NOT_RUN, lambda look: not look.has_run and not look.added),
    (Cause.DECLINED, lambda look: LineKind.DECLINED in look.added),
)
"""In their order; the first that holds is the cause."""


def _counted(lines: Sequence[Line]) -> "Counter[Happening]":
    return Counter((line.kind, line.amount, line.currency) for line in lines)
