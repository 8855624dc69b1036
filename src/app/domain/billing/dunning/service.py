"""Taking the steps that the rules of dunning name, each in one transaction that holds the subscription."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import bindparam, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import (
    SUBSCRIPTION_TRANSITIONS,
    Order,
    ReminderKind,
    StoredCard,
    Subscription,
    SubscriptionStatus,
)
from app.domain.audit.service import record
from app.domain.billing.charging.attempts import AlreadyUnderWay
from app.domain.billing.charging.service import request_charge
from app.domain.billing.dunning import letters, rules
from app.domain.billing.dunning.facts import Owed, owed_by, owed_with
from app.domain.billing.dunning.rules import Cancel, Charge, StageKind, Suspend, Wait, schedule_of
from app.domain.billing.reminders import remind_once, tell
from app.domain.billing.renewals.ending import end_subscription
from app.domain.billing.renewals.orders import open_renewals, renewal_order
from app.domain.companies.clocks import lives_here
from app.domain.jobs import Job
from app.domain.ledger.proof import Parked
from app.domain.plans.queries import price_with_plan
from app.domain.subscriptions.queries import newest_subscription
from app.domain.workspaces.standstill import stop_all
from app.lib.settings import Settings
from app.lib.uow import defer

IN_DUNNING = (SubscriptionStatus.PAST_DUE, SubscriptionStatus.SUSPENDED)
REMINDERS = {
    StageKind.SUSPENSION: (ReminderKind.SUSPENSION, letters.suspension_near),
    StageKind.CANCELLATION: (ReminderKind.CANCELLATION, letters.cancellation_near),
}
CLAIM = (
    select(Subscription)
    .where(Subscription.id == bindparam("subscription_id"), Subscription.next_attempt_at <= bindparam("at"))
    .with_for_update(skip_locked=True)
)
Key = tuple[datetime, UUID]
log = structlog.stdlib.get_logger("dunning")


async def due_page(session: AsyncSession, *, at: datetime, after: Key | None, limit: int) -> list[Key]:
    """Return the next subscriptions to look at, behind `after`, that no worker holds just now."""
    key = tuple_(Subscription.next_attempt_at, Subscription.id)
    statement = (
        select(Subscription.next_attempt_at, Subscription.id)
        .where(Subscription.next_attempt_at <= at, lives_here(session, Subscription.company_id))
        .order_by(Subscription.next_attempt_at, Subscription.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = await session.execute(statement.where(key > after) if after else statement)
    return [(due_at, subscription_id) for due_at, subscription_id in rows if due_at is not None]


async def claim(session: AsyncSession, subscription_id: UUID, *, at: datetime) -> Subscription | None:
    """Take one that is still to be looked at, unless another worker holds it."""
    return await session.scalar(CLAIM, {"subscription_id": subscription_id, "at": at})


async def look(
    session: AsyncSession, subscription: Subscription, *, settings: Settings, at: datetime
) -> None:
    """Take the step that is due for a subscription the caller holds, and say when to look again."""
    if subscription.status not in IN_DUNNING or subscription.past_due_since is None:
        subscription.next_attempt_at = None
        return
    owed = await owed_by(session, subscription, at=at) or await _owe_again(session, subscription, at=at)
    await _give_notice(session, subscription, owed, settings=settings, at=at)
    await take_step(session, subscription, owed, settings=settings, at=at)


async def take_step(
    session: AsyncSession, subscription: Subscription, owed: Owed, *, settings: Settings, at: datetime
) -> None:
    """Do what the rules say now: charge, suspend, cancel, or wait."""
    schedule = schedule_of(settings)
    match rules.next_step(owed.debt, schedule, at):
        case Charge() if owed.card is not None:
            await _charge(session, subscription, owed, owed.card, settings=settings, at=at)
        case Suspend():
            await _suspend(session, subscription, owed, settings=settings, at=at)
        case Cancel():
            await end_subscription(session, subscription, settings=settings, at=at, reason="unpaid")
            write = letters.canceled(settings, owed.order.plan_name, at=at, is_unpaid=True)
            await tell(
                session, subscription.company_id, occasion=f"canceled:{owed.order.id}", write=write, at=at
            )
        case Wait(until):
            if not (owed.debt.undecided or owed.debt.page_is_open):
                subscription.charge_attempts = rules.attempts_over(owed.debt, schedule, at)
            subscription.next_attempt_at = until


async def retry_now(
    session: AsyncSession, company_id: UUID, *, at: datetime, card: StoredCard | None = None
) -> int:
    """Charge what a company owes for renewals at once, oldest first; return how many charges that made.

    `card` is one that was just added or chosen, and is asked only if it was not asked for that order yet;
    without it the company's card is asked again, because somebody wants it so. Nothing is charged while an
    attempt is undecided or PayTR's page is open. Scheduled attempts stay as they are: this one counts as
    none of them.
    """
    subscription = await newest_subscription(session, company_id, lock=True)
    if subscription is None or subscription.status not in IN_DUNNING or subscription.past_due_since is None:
        return 0
    charged = 0
    for order in await open_renewals(session, subscription.id):
        owed = await owed_with(session, subscription, order, card, at=at)
        wanted = owed.debt.is_untried if card else owed.debt.can_charge
        if owed.card is None or not wanted or owed.debt.undecided or owed.debt.page_is_open:
            continue
        # a stage whose time has come waits for this attempt; nothing else is brought forward
        subscription.next_attempt_at = at + rules.LOOK_AGAIN
        charged += await _request(session, order, owed.card, at=at)
    return charged


async def _owe_again(session: AsyncSession, subscription: Subscription, *, at: datetime) -> Owed:
    """Order the period once more, when its order was taken away and nobody has decided about the debt."""
    if subscription.price_id is None:
        raise LookupError(f"subscription {subscription.id} is past due without a price")
    await renewal_order(session, subscription, await price_with_plan(session, subscription.price_id), at=at)
    owed = await owed_by(session, subscription, at=at)
    if owed is None:
        raise LookupError(f"subscription {subscription.id} is past due with its renewal decided")
    return owed


async def _give_notice(
    session: AsyncSession, subscription: Subscription, owed: Owed, *, settings: Settings, at: datetime
) -> None:
    """Tell the company a day before something is taken away; not while a payment is being decided."""
    if owed.debt.undecided:
        return
    for kind, (due_at, stage) in rules.notices(owed.debt, schedule_of(settings)).items():
        over = kind is StageKind.SUSPENSION and owed.debt.suspended_at is not None
        if not over and due_at <= at < stage.at:
            reminder, letter = REMINDERS[kind]
            write = letter(settings, owed.order, stage.at, at=at)
            await remind_once(session, subscription, reminder, due_at=due_at, at=at, write=write)


async def _charge(
    session: AsyncSession,
    subscription: Subscription,
    owed: Owed,
    card: StoredCard,
    *,
    settings: Settings,
    at: datetime,
) -> None:
    """Write the charge down; while it may not be made it is looked at again, and no stage comes."""
    was_written = await _request(session, owed.order, card, at=at)
    subscription.next_attempt_at = at + rules.LOOK_AGAIN
    if was_written:
        subscription.charge_attempts = rules.attempts_over(owed.debt, schedule_of(settings), at)


async def _request(session: AsyncSession, order: Order, card: StoredCard, *, at: datetime) -> bool:
    """Say whether the charge was written down: not while another is under way, or the books do not agree."""
    try:
        await request_charge(session, order_id=order.id, card_id=card.id, at=at)
    except (AlreadyUnderWay, Parked) as refusal:
        log.warning("dunning.not_charged", order=str(order.id), reason=str(refusal))
        return False
    return True


async def _suspend(
    session: AsyncSession, subscription: Subscription, owed: Owed, *, settings: Settings, at: datetime
) -> None:
    subscription.status = SUBSCRIPTION_TRANSITIONS.move(subscription.status, SubscriptionStatus.SUSPENDED)
    subscription.suspended_at = at
    stopped = await stop_all(session, subscription.company_id, at=at)
    record(
        session,
        at=at,
        action="subscription.suspended",
        subject=subscription.id,
        company_id=subscription.company_id,
        actor="system",
        facts={"plan": subscription.plan_code, "stopped": stopped},
    )
    debt, schedule = replace(owed.debt, suspended_at=at), schedule_of(settings)
    then = rules.next_step(debt, schedule, at)
    subscription.next_attempt_at = then.until if isinstance(then, Wait) else at
    write = letters.suspended(settings, owed.order, rules.cancellation(debt, schedule), at=at)
    await tell(session, subscription.company_id, occasion=f"suspended:{owed.order.id}", write=write, at=at)
    defer(session, Job.ANNOUNCE, company_id=str(subscription.company_id))
