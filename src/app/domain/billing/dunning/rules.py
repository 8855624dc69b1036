"""When what happens to a subscription whose renewal is not paid: pure rules (product §3, docs/adr/0020).

`stages` says what comes when, `next_step` what is to be done now. The engine acts on them and the billing
page draws them, so neither can promise what the other does not do. Days are spans of 24 hours.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache

from app.lib.settings import Settings

NOTICE = timedelta(days=1)
"""How long before a stage that takes something away the company is told of it."""
LATE = timedelta(days=1)
"""A run that comes later than this moves what follows: nobody loses time because of us."""
LOOK_AGAIN = timedelta(minutes=5)
"""How often an undecided attempt is looked at; what follows waits for it."""
PAGE_GRACE = timedelta(minutes=30)
"""How long a stage waits for somebody at PayTR's page: pages can be opened again and again, so once only."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The days of dunning, counted from its beginning."""

    attempts: tuple[timedelta, ...]
    suspension: timedelta

    @property
    def cancellation(self) -> timedelta:
        """The last attempt decides."""
        return self.attempts[-1]


@cache
def schedule_of(settings: Settings) -> Schedule:
    """Return the schedule that the settings name."""
    attempts = tuple(timedelta(days=day) for day in settings.dunning_schedule)
    return Schedule(attempts, timedelta(days=settings.suspension_day))


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """What the rules know of an unpaid renewal."""

    since: datetime
    attempts: int
    """Scheduled attempts that are over: made, or passed by because no card could be charged."""
    suspended_at: datetime | None = None
    undecided: bool = False
    """Money may be on its way: a stored card was asked, or PayTR's answer is not known."""
    page_is_open: bool = False
    """PayTR's page was opened and may be paid: nothing is charged beside it."""
    can_charge: bool = False
    """There is a card that can be charged without its owner."""
    is_untried: bool = False
    """That card has not been asked for this order yet."""


class StageKind(StrEnum):
    """What a stage does."""

    ATTEMPT = "attempt"
    SUSPENSION = "suspension"
    CANCELLATION = "cancellation"


@dataclass(frozen=True, slots=True)
class Stage:
    """One thing that happens at an instant; attempts are numbered from 1."""

    kind: StageKind
    at: datetime
    number: int = 0


class Standing(StrEnum):
    """How far a stage is."""

    DONE = "done"
    NOW = "now"
    NEXT = "next"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Charge:
    """Ask the card now."""


@dataclass(frozen=True, slots=True)
class Suspend:
    """Stop the workspaces."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the subscription."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is to be done before this instant."""

    until: datetime


Step = Charge | Suspend | Cancel | Wait


def begins(period_end: datetime, at: datetime) -> datetime:
    """Return day 0: the end of the period that was paid, or now when our own run comes days late for it."""
    return period_end if at - period_end <= LATE else at


def stages(debt: Debt, schedule: Schedule) -> list[Stage]:
    """Return everything that happens as long as nobody pays, in its order.

    A suspension that came late moves the cancellation, so that the time between them stays as promised.
    """
    suspended, canceled = debt.since + schedule.suspension, debt.since + schedule.cancellation
    if debt.suspended_at is not None and debt.suspended_at > suspended + LATE:
        canceled = debt.suspended_at + (schedule.cancellation - schedule.suspension)
    found = [
        *(
            Stage(StageKind.ATTEMPT, debt.since + day, number)
            for number, day in enumerate(schedule.attempts, start=1)
        ),
        Stage(StageKind.SUSPENSION, suspended),
        Stage(StageKind.CANCELLATION, canceled),
    ]
    return sorted(found, key=lambda stage: stage.at)  # stable: an attempt comes before what it decides


def attempts_over(debt: Debt, schedule: Schedule, at: datetime) -> int:
    """Return how many scheduled attempts have had their day; missed ones are not made up for."""
    return sum(debt.since + day <= at for day in schedule.attempts)


def next_step(debt: Debt, schedule: Schedule, at: datetime) -> Step:
    """Return what is to be done now; an undecided attempt is always waited for, an open page for a while.

    A card that was not asked yet is asked at once, so that neither a new card nor the one that stands in for
    a refused one waits for its day. Suspension comes before cancellation, however late the run.
    """
    if debt.undecided:
        return Wait(at + LOOK_AGAIN)
    wants_charge = debt.is_untried or attempts_over(debt, schedule, at) > debt.attempts
    if debt.can_charge and wants_charge and not debt.page_is_open:
        return Charge()
    grace = PAGE_GRACE if debt.page_is_open else timedelta()
    due = {stage.kind for stage in stages(debt, schedule) if stage.at + grace <= at}
    if StageKind.SUSPENSION in due and debt.suspended_at is None:
        return Suspend()
    if StageKind.CANCELLATION in due:
        return Cancel()
    if debt.page_is_open:
        return Wait(at + LOOK_AGAIN)
    return Wait(min(instant for instant in _instants(debt, schedule) if instant > at))


def notices(debt: Debt, schedule: Schedule) -> dict[StageKind, tuple[datetime, Stage]]:
    """Return of which stages the company is told before they come, and when."""
    return {
        stage.kind: (stage.at - NOTICE, stage)
        for stage in stages(debt, schedule)
        if stage.kind is not StageKind.ATTEMPT
    }


def suspension(debt: Debt, schedule: Schedule) -> datetime:
    """Return when the workspaces stop."""
    return next(stage.at for stage in stages(debt, schedule) if stage.kind is StageKind.SUSPENSION)


def cancellation(debt: Debt, schedule: Schedule) -> datetime:
    """Return when the subscription ends."""
    return next(stage.at for stage in stages(debt, schedule) if stage.kind is StageKind.CANCELLATION)


def next_attempt(debt: Debt, schedule: Schedule, at: datetime) -> datetime | None:
    """Return when the card is asked again, if ever."""
    attempts = (stage.at for stage in stages(debt, schedule) if stage.kind is StageKind.ATTEMPT)
    return next((instant for instant in attempts if instant > at), None)


def timeline(debt: Debt, schedule: Schedule, at: datetime) -> list[tuple[Stage, Standing]]:
    """Return every stage and how far it is, as the billing page draws it."""
    found: list[tuple[Stage, Standing]] = []
    for stage in stages(debt, schedule):
        standing = _standing(stage, debt, at)
        if standing is Standing.LATER and all(other is not Standing.NEXT for _, other in found):
            standing = Standing.NEXT
        found.append((stage, standing))
    return found


def _standing(stage: Stage, debt: Debt, at: datetime) -> Standing:
    if stage.at > at:
        return Standing.LATER
    match stage.kind:
        case StageKind.ATTEMPT:
            waits = debt.undecided and stage.number == debt.attempts
            return Standing.NOW if waits or stage.number > debt.attempts else Standing.DONE
        case StageKind.SUSPENSION:
            return Standing.DONE if debt.suspended_at else Standing.NOW
        case StageKind.CANCELLATION:
            return Standing.NOW


def _instants(debt: Debt, schedule: Schedule) -> list[datetime]:
    """Return when something is to be looked at: each stage, and each notice of one."""
    return [stage.at for stage in stages(debt, schedule)] + [
        due_at for due_at, _ in notices(debt, schedule).values()
    ]
