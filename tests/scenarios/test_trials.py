"""A trial to its end: reminded, ended, and restored by a payment."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import joinedload

from app.db.models import (
    AuditEntry,
    EmailMessage,
    JobRun,
    Reminder,
    Subscription,
    SubscriptionStatus,
    WorkspaceTransition,
)
from app.domain.billing.trials.service import check_trial, due_trials
from app.domain.subscriptions.entitlement import entitlement_of
from app.lib.uow import unit_of_work
from app.tasks.trials import SWEEPS
from tests.factories import Customer, add_workspace, make_customer
from tests.scenarios.shop import Shop

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
END = START + 14 * DAY


async def begin(shop: Shop) -> Customer:
    return await make_customer(shop.resources.session_maker, at=START)


async def check(shop: Shop, at: datetime) -> tuple[int, int, int]:
    """Run the trial check; return found, done and failed."""
    tally = await SWEEPS["trial_check"](shop.resources, at)
    return tally.found, tally.done, tally.failed


async def letters(shop: Shop) -> list[EmailMessage]:
    """Return what was written about the trial, oldest first."""
    mails: list[EmailMessage] = await shop.all(EmailMessage)
    return [mail for mail in mails if mail.template.startswith("trial_")]


async def told(shop: Shop) -> list[tuple[str, int | None]]:
    return [(mail.template, mail.context.get("days_left")) for mail in await letters(shop)]


async def test_reminders_come_seven_three_and_one_day_before_and_once_each(shop: Shop) -> None:
    await begin(shop)
    for hours in range(0, 14 * 24, 4):  # the check runs all the time
        await check(shop, START + timedelta(hours=hours))
    assert await told(shop) == [("trial_ends", 7), ("trial_ends", 3), ("trial_ends", 1)]
    noted = await shop.all(Reminder)
    assert [END - reminder.due_at for reminder in noted] == [7 * DAY, 3 * DAY, DAY]


async def test_a_run_that_comes_five_days_late_sends_the_newest_reminder_only(shop: Shop) -> None:
    await begin(shop)
    assert await check(shop, END - 2 * DAY) == (1, 1, 0)
    assert await told(shop) == [("trial_ends", 2)]
    assert [reminder.sent for reminder in await shop.all(Reminder)] == [False, True]
    assert await check(shop, END - 2 * DAY) == (0, 0, 0)


async def test_two_workers_at_once_remind_and_end_once(shop: Shop) -> None:
    await begin(shop)
    subscription = await shop.the(Subscription)

    async def work(at: datetime) -> None:
        await check_trial(shop.resources.session_maker, shop.resources.settings, subscription.id, at=at)

    for at in (END - DAY, END):
        await asyncio.gather(*(work(at) for _ in range(4)))
    assert await told(shop) == [("trial_ends", 1), ("trial_ended", None)]
    assert len([run for run in await actions(shop) if run == "trial.ended"]) == 1


async def actions(shop: Shop) -> list[str]:
    return [entry.action for entry in await shop.all(AuditEntry)]


async def test_the_end_suspends_stops_what_runs_keeps_files_and_says_so(shop: Shop) -> None:
    customer = await begin(shop)
    running = await add_workspace(shop.resources.session_maker, customer, "shop")
    late = END + 5 * DAY
    assert not entitlement_of(await subscription_of(shop), END).may_run_workspaces
    assert await check(shop, late) == (1, 1, 0)
    subscription = await subscription_of(shop)
    assert subscription.status is SubscriptionStatus.SUSPENDED
    assert (subscription.suspended_at, subscription.data_kept_until) == (late, late + 30 * DAY)
    (transition,) = await shop.all(WorkspaceTransition)
    assert (transition.workspace_id, transition.kind) == (running.id, "stop")
    (letter,) = await letters(shop)
    assert letter.template == "trial_ended"
    assert letter.context["data_kept_until"] == (late + 30 * DAY).isoformat()
    assert letter.context["billing_url"].endswith("/billing")
    assert await check(shop, late + DAY) == (0, 0, 0)
    run = next(run for run in await shop.all(JobRun) if run.name == "trial_check")
    assert (run.found, run.done, run.failed, run.error) == (1, 1, 0, None)


async def test_a_payment_after_the_end_restores_everything(shop: Shop) -> None:
    customer = await begin(shop)
    await check(shop, END)
    paid_at = END + 12 * DAY
    await shop.buy(customer, paid_at)
    subscription = await subscription_of(shop)
    assert subscription.status is SubscriptionStatus.ACTIVE
    assert (subscription.suspended_at, subscription.data_kept_until) == (None, None)
    assert subscription.current_period_start == paid_at
    assert entitlement_of(subscription, paid_at).may_run_workspaces


async def test_who_pays_during_the_trial_is_neither_reminded_nor_ended(shop: Shop) -> None:
    customer = await begin(shop)
    await shop.buy(customer, START + DAY)
    for at in (END - 7 * DAY, END - DAY, END):
        assert await check(shop, at) == (0, 0, 0)
    assert await told(shop) == []


async def test_a_trial_that_another_worker_holds_stops_no_other(shop: Shop) -> None:
    await begin(shop)
    await make_customer(shop.resources.session_maker, at=START)
    first, second = await shop.all(Subscription)
    async with unit_of_work(shop.resources.session_maker) as session:
        await session.get_one(Subscription, first.id, with_for_update=True)
        assert await check(shop, END) == (2, 2, 0)
        async with unit_of_work(shop.resources.session_maker) as other:
            assert await due_trials(other, at=END) == [first.id]
    assert (await subscription_of(shop, second)).status is SubscriptionStatus.SUSPENDED
    assert await check(shop, END) == (1, 1, 0)


async def subscription_of(shop: Shop, row: Any = None) -> Subscription:
    """Return the subscription with its plan, read anew."""
    known = row or await shop.the(Subscription)
    async with shop.resources.session_maker() as session:
        return await session.get_one(Subscription, known.id, options=[joinedload(Subscription.plan)])
