"""The trial check: reminders, the charge that was agreed to, and the end; each trial by itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import (
    SUBSCRIPTION_TRANSITIONS,
    UNDECIDED,
    Order,
    OrderStatus,
    Payment,
    PlanPrice,
    ReminderKind,
    StoredCard,
    Subscription,
    SubscriptionStatus,
)
from app.domain.audit.service import record
from app.domain.billing.cards.choice import default_fit_card
from app.domain.billing.cards.store import cards_of
from app.domain.billing.reminders import lacks_reminder, remind_latest, tell
from app.domain.billing.trials import letters
from app.domain.billing.trials.conversion import (
    charge_conversion,
    chosen_price,
    forget_conversion,
    has_undecided_payment,
)
from app.domain.billing.trials.rules import REMINDED_AHEAD, Step, TrialFacts, next_step, reminder_days
from app.domain.companies.clocks import lives_here
from app.domain.jobs import Job
from app.domain.ledger.proof import is_parked
from app.domain.subscriptions.queries import claim_subscription
from app.domain.workspaces.standstill import stop_all
from app.lib.settings import Settings
from app.lib.uow import defer, unit_of_work

AT_MOST = 1000
"""Trials of one run; the next run takes the rest."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A running trial that this transaction holds, with what its owner has agreed to."""

    subscription: Subscription
    ends_at: datetime
    price: PlanPrice | None
    card: StoredCard | None
    must_wait: bool

    @property
    def facts(self) -> TrialFacts:
        """Return the trial as the rules read it."""
        return TrialFacts(
            ends_at=self.ends_at,
            converts=self.price is not None,
            is_charged=self.subscription.charge_attempts > 0,
            must_wait=self.must_wait,
            has_fit_card=self.card is not None,
        )


async def due_trials(session: AsyncSession, *, at: datetime, limit: int = AT_MOST) -> list[UUID]:
    """Return the trials that are over, or whose reminder is due, the one that ends first standing first.

    One that waits for its charge to be decided is not due: the payment has a due column of its own.
    """
    undecided = exists().where(
        Payment.order_id == Order.id,
        Payment.status.in_(UNDECIDED),
        Order.subscription_id == Subscription.id,
        Order.status == OrderStatus.OPEN,
    )
    over = and_(
        Subscription.trial_ends_at <= at, or_(Subscription.converts_at_trial_end.is_(False), ~undecided)
    )
    unreminded = lacks_reminder(ReminderKind.TRIAL_ENDS, Subscription.trial_ends_at, REMINDED_AHEAD, at=at)
    statement = (
        select(Subscription.id)
        .where(
            Subscription.status == SubscriptionStatus.TRIALING,
            lives_here(session, Subscription.company_id),
            Subscription.trial_ends_at
            <= at + timedelta(days=REMINDED_AHEAD[0]),  # what the index is read for
            or_(over, and_(Subscription.trial_ends_at > at, unreminded)),
        )
        .order_by(Subscription.trial_ends_at, Subscription.id)
        .limit(limit)
    )
    return list(await session.scalars(statement))


async def check_trial(
    session_maker: async_sessionmaker[AsyncSession],
    settings: Settings,
    subscription_id: UUID,
    *,
    at: datetime,
) -> Step | None:
    """Do what is due for one trial; nothing when another worker holds it, or it is no trial any more."""
    async with unit_of_work(session_maker) as session:
        trial = await _take(session, subscription_id, at=at)
        if trial is None:
            return None
        step = next_step(trial.facts, at=at)
        match step:
            case Step.REMIND:
                await _remind(session, trial, settings=settings, at=at)
            case Step.CHARGE if trial.price and trial.card:
                await charge_conversion(session, trial.subscription, trial.price, trial.card, at=at)
            case Step.END:
                await _end(session, trial, settings=settings, at=at)
        return step


async def _take(session: AsyncSession, subscription_id: UUID, *, at: datetime) -> Trial | None:
    subscription = await claim_subscription(session, subscription_id)
    if subscription is None or subscription.status is not SubscriptionStatus.TRIALING:
        return None
    if subscription.trial_ends_at is None:
        return None
    return Trial(
        subscription,
        subscription.trial_ends_at,
        await chosen_price(session, subscription),
        default_fit_card(await cards_of(session, subscription.company_id), at),
        await has_undecided_payment(session, subscription)
        or await is_parked(session, subscription.company_id),
    )


async def _remind(session: AsyncSession, trial: Trial, *, settings: Settings, at: datetime) -> None:
    await remind_latest(
        session,
        trial.subscription,
        ReminderKind.TRIAL_ENDS,
        due=reminder_days(trial.ends_at),
        at=at,
        write=letters.trial_ends(
            trial.subscription, trial.ends_at, trial.price, trial.card, settings=settings, at=at
        ),
    )


async def _end(session: AsyncSession, trial: Trial, *, settings: Settings, at: datetime) -> None:
    """Suspend: what runs stops, files are kept from now on, so a late run shortens nobody's time."""
    subscription, kept_until = trial.subscription, at + settings.data_kept
    was_to_be_charged = trial.price is not None
    subscription.status = SUBSCRIPTION_TRANSITIONS.move(subscription.status, SubscriptionStatus.SUSPENDED)
    subscription.suspended_at, subscription.data_kept_until = at, kept_until
    forget_conversion(subscription)
    stopped = await stop_all(session, subscription.company_id, at=at)
    record(
        session,
        at=at,
        action="trial.ended",
        subject=subscription.id,
        company_id=subscription.company_id,
        actor="system",
        facts={"plan": subscription.plan_code, "stopped": stopped, "was_to_be_charged": was_to_be_charged},
    )
    write = letters.trial_ended(
        subscription, kept_until, was_to_be_charged=was_to_be_charged, settings=settings
    )
    await tell(
        session, subscription.company_id, occasion=f"trial-ended:{subscription.id}", write=write, at=at
    )
    defer(session, Job.ANNOUNCE, company_id=str(subscription.company_id))
