"""Files without a plan: announced twice, deleted a day after the last letter at the earliest."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.db.models import (
    AuditEntry,
    Company,
    EmailMessage,
    Subscription,
    SubscriptionStatus,
    Workspace,
    WorkspaceStatus,
    WorkspaceTransition,
)
from app.domain.workspaces.lifecycle import run_transition
from app.lib.uow import unit_of_work
from app.tasks.trials import SWEEPS
from app.tasks.workspaces import machinery_of
from tests.factories import Customer, add_workspace, make_customer
from tests.scenarios.shop import Shop

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
UNTIL = START + 44 * DAY
"""Fourteen days of trial and thirty after it."""


@pytest.fixture
async def customer(shop: Shop) -> Customer:
    """A company whose trial ended, with a workspace that is stopped."""
    customer = await make_customer(shop.resources.session_maker, at=START)
    await add_workspace(shop.resources.session_maker, customer, "shop", WorkspaceStatus.STOPPED)
    await SWEEPS["trial_check"](shop.resources, START + 14 * DAY)
    return customer


async def look(shop: Shop, at: datetime) -> list[int]:
    """Run the check; return the days left that its letters have named so far."""
    tally = await SWEEPS["retention_check"](shop.resources, at)
    assert tally.failed == 0
    mails: list[EmailMessage] = await shop.all(EmailMessage)
    return [mail.context["days_left"] for mail in mails if mail.template == "deletion_near"]


async def transitions(shop: Shop) -> list[str]:
    return [transition.kind for transition in await shop.all(WorkspaceTransition)]


async def test_files_are_announced_twice_then_deleted_and_the_trial_is_canceled(
    shop: Shop, customer: Customer
) -> None:
    assert await look(shop, UNTIL - 7 * DAY - HOUR) == []
    assert await look(shop, UNTIL - 7 * DAY) == [7]
    assert await look(shop, UNTIL - DAY) == [7, 1]
    assert await look(shop, UNTIL - HOUR) == [7, 1]
    assert await transitions(shop) == []
    await look(shop, UNTIL)
    assert await transitions(shop) == ["delete"]
    subscription = await shop.the(Subscription)
    assert (subscription.status, subscription.canceled_at) == (SubscriptionStatus.CANCELED, UNTIL)
    assert subscription.data_deleted_at is None  # asked for; not gone yet
    (asked,) = await shop.all(WorkspaceTransition)
    await run_transition(machinery_of(shop.resources), asked.id)
    await look(shop, UNTIL + HOUR)
    await look(shop, UNTIL + 2 * HOUR)
    subscription = await shop.the(Subscription)
    assert subscription.data_deleted_at == UNTIL + HOUR
    assert (await shop.the(Workspace)).status is WorkspaceStatus.DELETED
    assert len(await shop.all(Company)) == 1
    actions = [entry.action for entry in await shop.all(AuditEntry)]
    assert actions.count("files.deletion_requested") == actions.count("files.deleted") == 1


async def test_a_run_that_comes_late_writes_the_last_letter_first_and_waits_a_day(
    shop: Shop, customer: Customer
) -> None:
    late = UNTIL + 5 * DAY
    assert await look(shop, late) == [1]
    assert (await shop.the(Subscription)).data_kept_until == late + DAY
    assert await look(shop, late + DAY - HOUR) == [1]
    assert await transitions(shop) == []
    await look(shop, late + DAY)
    assert await transitions(shop) == ["delete"]


async def test_a_payment_in_between_undoes_all_of_it(shop: Shop, customer: Customer) -> None:
    await look(shop, UNTIL - DAY)
    await shop.buy(customer, UNTIL - HOUR)
    subscription = await shop.the(Subscription)
    assert (subscription.status, subscription.data_kept_until) == (SubscriptionStatus.ACTIVE, None)
    for at in (UNTIL, UNTIL + 5 * DAY):
        await look(shop, at)
    assert await transitions(shop) == []


async def test_without_files_there_is_no_letter_and_the_matter_is_closed(shop: Shop) -> None:
    await make_customer(shop.resources.session_maker, at=START)
    await SWEEPS["trial_check"](shop.resources, START + 14 * DAY)
    assert await look(shop, UNTIL - DAY) == []
    assert (await SWEEPS["retention_check"](shop.resources, UNTIL - HOUR)).found == 0
    await look(shop, UNTIL)
    subscription = await shop.the(Subscription)
    assert (subscription.status, subscription.data_deleted_at) == (SubscriptionStatus.CANCELED, UNTIL)


async def test_a_deletion_that_fails_is_asked_for_again(shop: Shop, customer: Customer) -> None:
    await look(shop, UNTIL - DAY)
    await look(shop, UNTIL)
    async with unit_of_work(shop.resources.session_maker) as session:
        (workspace,) = await session.scalars(select(Workspace))
        (asked,) = await session.scalars(select(WorkspaceTransition))
        workspace.failed("The disk did not answer.")
        asked.finish(UNTIL, "The disk did not answer.")
    await look(shop, UNTIL + HOUR)
    assert await transitions(shop) == ["delete", "delete"]
    assert (await shop.the(Subscription)).data_deleted_at is None
