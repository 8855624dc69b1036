"""Dunning: weeks of an unpaid renewal, told with the time passed in."""

import asyncio
from datetime import timedelta

import pytest

from app.db.models import (
    AuditEntry,
    EmailMessage,
    LedgerBreak,
    OrderStatus,
    PaymentStatus,
    SubscriptionStatus,
    Workspace,
    WorkspaceStatus,
)
from app.domain.billing.cards.service import make_default
from app.domain.billing.dunning.rules import LOOK_AGAIN
from app.domain.billing.dunning.service import retry_now
from app.domain.billing.paylinks import order_of_link
from app.domain.billing.renewals.ending import end_subscription
from app.domain.billing.settlement.service import Outcome
from app.domain.ledger.rules import PARKING
from app.domain.subscriptions.queries import newest_subscription
from app.domain.workspaces.service import start_workspace
from app.lib.uow import unit_of_work
from tests.factories import add_workspace
from tests.scenarios.cashier import Cashier
from tests.scenarios.tenant import DAY, MINUTE, Tenant, open_tenant

S = SubscriptionStatus
HARD = {"failed_reason_code": "9"}


@pytest.fixture
async def tenant(cashier: Cashier) -> Tenant:
    """A company whose card has no money when its month ends."""
    return await open_tenant(cashier)


async def test_three_weeks_of_a_card_without_money(cashier: Cashier, tenant: Tenant) -> None:
    await add_workspace(cashier.resources.session_maker, tenant.customer, "orders")
    await tenant.pass_time(tenant.end)
    await tenant.decline(tenant.end + MINUTE)
    await tenant.live_until(tenant.end + 7 * DAY)
    order = await tenant.renewal()
    assert (await tenant.subscription()).status is S.PAST_DUE, "day 7 waits for its attempt"
    await tenant.live_until(tenant.end + 8 * DAY)
    subscription = await tenant.subscription()
    assert (subscription.status, subscription.charge_attempts) == (S.SUSPENDED, 3)
    assert not subscription.grants_access(tenant.end + 8 * DAY)
    assert (await cashier.the(Workspace)).status is WorkspaceStatus.STOPPING
    await tenant.live_until(tenant.end + 40 * DAY)
    subscription, (order,) = await tenant.subscription(), await tenant.renewals()
    assert (subscription.status, order.status) == (S.CANCELED, OrderStatus.CANCELED)
    canceled_at = subscription.canceled_at
    assert canceled_at is not None
    assert tenant.end + 21 * DAY < canceled_at < tenant.end + 21 * DAY + timedelta(minutes=30)
    assert subscription.data_kept_until == canceled_at + 30 * DAY
    days = [(payment.sent_at or tenant.end) - tenant.end for payment in await tenant.attempts(order)]
    assert [day.days for day in days] == [0, 2, 7, 14, 21]
    assert await tenant.letters() == [
        *("payment_failed", "payment_failed", "suspension_near", "payment_failed", "subscription_suspended"),
        *("payment_failed", "cancellation_near", "payment_failed", "subscription_canceled"),
    ]
    late = await tenant.pass_time(tenant.end + 60 * DAY)
    assert late.found == 0


async def test_a_payment_undoes_a_suspension_and_workspaces_start_again(
    cashier: Cashier, tenant: Tenant
) -> None:
    workspace = await add_workspace(
        cashier.resources.session_maker, tenant.customer, "orders", WorkspaceStatus.STOPPED
    )
    await tenant.pass_time(tenant.end)
    await tenant.decline(tenant.end + MINUTE)
    await tenant.live_until(tenant.end + 9 * DAY)
    at = tenant.end + 10 * DAY
    async with unit_of_work(cashier.resources.session_maker) as session:
        assert await retry_now(session, tenant.customer.company.id, at=at) == 1
    payment = await tenant.send(at)
    assert await cashier.callback(payment, at) is Outcome.APPLIED
    subscription = await tenant.subscription()
    assert (subscription.status, subscription.current_period_start) == (S.ACTIVE, at)
    traces = (
        subscription.suspended_at,
        subscription.past_due_since,
        subscription.next_attempt_at,
        subscription.data_kept_until,
    )
    assert (*traces, subscription.charge_attempts) == (None, None, None, None, 0)
    async with unit_of_work(cashier.resources.session_maker) as session:
        locked = await session.get_one(Workspace, workspace.id, with_for_update=True)
        await start_workspace(session, await tenant.customer.viewer(session), locked, at=at)
    assert (await cashier.the(Workspace)).status is WorkspaceStatus.STARTING


async def test_a_card_refused_for_good_is_never_asked_again_and_another_one_is_at_once(
    cashier: Cashier, tenant: Tenant
) -> None:
    await tenant.pass_time(tenant.end)
    await tenant.decline(tenant.end + MINUTE, **HARD)
    at = tenant.end + DAY
    other = await tenant.add_card(at)
    async with unit_of_work(cashier.resources.session_maker) as session:
        await make_default(session, await tenant.customer.viewer(session), other.id, at=at)
    first, second = await tenant.attempts(await tenant.renewal())
    assert (first.status, second.status, second.card_id) == (
        PaymentStatus.FAILED,
        PaymentStatus.CREATED,
        other.id,
    )
    await tenant.decline(at + MINUTE, **HARD)
    await tenant.live_until(tenant.end + 40 * DAY)
    assert len(await tenant.attempts(await tenant.renewal())) == 2
    assert (await tenant.subscription()).status is S.CANCELED


async def test_a_second_card_stands_in_at_once_when_the_first_is_refused_for_good(
    cashier: Cashier, tenant: Tenant
) -> None:
    spare = await tenant.add_card(tenant.end - DAY)
    await tenant.pass_time(tenant.end)
    await tenant.decline(tenant.end + MINUTE, **HARD)
    await tenant.pass_time(tenant.end + LOOK_AGAIN)
    assert [payment.card_id == spare.id for payment in await tenant.attempts(await tenant.renewal())] == [
        False,
        True,
    ]


async def test_an_unknown_outcome_holds_up_suspension_and_every_further_charge(
    cashier: Cashier, tenant: Tenant
) -> None:
    await tenant.pass_time(tenant.end)
    await tenant.decline(tenant.end + MINUTE)
    await tenant.live_until(tenant.end + 6 * DAY)
    cashier.gateway.lose_answers = True
    await tenant.pass_time(tenant.end + 7 * DAY)
    payment = await tenant.send(tenant.end + 7 * DAY)
    assert payment.status is PaymentStatus.UNKNOWN
    await tenant.live_until(tenant.end + 7 * DAY + 20 * LOOK_AGAIN, decline=False)
    assert (await tenant.subscription()).status is S.PAST_DUE
    async with unit_of_work(cashier.resources.session_maker) as session:
        assert await retry_now(session, tenant.customer.company.id, at=tenant.end + 8 * DAY) == 0
    assert await cashier.callback(payment, tenant.end + 8 * DAY) is Outcome.APPLIED
    subscription = await tenant.subscription()
    assert (subscription.status, subscription.current_period_start) == (S.ACTIVE, tenant.end)


async def test_who_opens_the_page_again_and_again_is_suspended_and_recovers_by_paying_on_it(
    cashier: Cashier,
) -> None:
    tenant = await open_tenant(cashier, card=False)
    await tenant.pass_time(tenant.end)
    await tenant.live_until(tenant.end + 7 * DAY - MINUTE)
    for minutes in (-5, 20, 45):
        page = await cashier.open_frame(tenant.customer, tenant.end + 7 * DAY + minutes * MINUTE)
        await tenant.live_until(tenant.end + 7 * DAY + (minutes + 20) * MINUTE, decline=False)
        stopped = (await tenant.subscription()).status is S.SUSPENDED
        assert stopped is (minutes > 0), "somebody at the page on time has half an hour"
    assert await cashier.report(page, tenant.end + 8 * DAY) is Outcome.APPLIED
    assert (await tenant.subscription()).status is S.ACTIVE


async def test_a_charge_that_has_not_left_never_does_once_it_is_canceled(
    cashier: Cashier, tenant: Tenant
) -> None:
    await tenant.pass_time(tenant.end)
    async with unit_of_work(cashier.resources.session_maker) as session:
        subscription = await newest_subscription(session, tenant.customer.company.id, lock=True)
        assert subscription is not None
        await end_subscription(
            session, subscription, settings=cashier.resources.settings, at=tenant.end, reason="test"
        )
    payment = await tenant.send(tenant.end + MINUTE)
    assert (payment.status, payment.failure_code) == (PaymentStatus.FAILED, "not_sent")
    assert payment.merchant_oid not in cashier.gateway.attempts


async def test_without_a_card_the_company_is_written_at_once_how_to_pay(cashier: Cashier) -> None:
    tenant = await open_tenant(cashier, card=False)
    await tenant.pass_time(tenant.end)
    await tenant.pass_time(tenant.end + MINUTE)
    assert await tenant.letters() == ["renewal_due"]
    context = (await cashier.all(EmailMessage))[-1].context
    order = await tenant.renewal()
    token = context["pay_url"].rpartition("/")[2]
    assert order_of_link(cashier.resources.settings, token, at=tenant.end + 29 * DAY) == order.id
    assert await tenant.attempts(order) == []


async def test_what_started_while_it_was_suspended_is_stopped_by_the_next_run(
    cashier: Cashier, tenant: Tenant
) -> None:
    await tenant.pass_time(tenant.end)
    await cashier.change(await tenant.subscription(), status=S.SUSPENDED, suspended_at=tenant.end)
    await add_workspace(cashier.resources.session_maker, tenant.customer, "orders")
    await tenant.pass_time(tenant.end + MINUTE)
    assert (await cashier.the(Workspace)).status is WorkspaceStatus.STOPPING
    actions = [entry.action for entry in await cashier.all(AuditEntry)]
    assert actions.count("workspace.stop_requested") == 1


async def test_two_runs_on_an_attempts_day_make_one_attempt(cashier: Cashier, tenant: Tenant) -> None:
    await tenant.pass_time(tenant.end)
    await tenant.decline(tenant.end + MINUTE)
    await tenant.live_until(tenant.end + DAY)
    runs = await asyncio.gather(*(tenant.pass_time(tenant.end + 2 * DAY) for _ in range(3)))
    assert (sum(run.done for run in runs), sum(run.failed for run in runs)) == (1, 0)
    assert len(await tenant.attempts(await tenant.renewal())) == 2


async def test_a_company_whose_books_do_not_agree_is_neither_charged_nor_suspended(
    cashier: Cashier, tenant: Tenant
) -> None:
    broken = LedgerBreak(
        rule=sorted(PARKING)[0],
        subject="a posting",
        company_id=tenant.customer.company.id,
        rows=[],
        found_at=tenant.end,
    )
    async with unit_of_work(cashier.resources.session_maker) as session:
        session.add(broken)
    for day in (0, 7, 9):
        await tenant.pass_time(tenant.end + day * DAY)
    assert await tenant.attempts(await tenant.renewal()) == []
    assert (await tenant.subscription()).status is S.PAST_DUE
    await cashier.change(broken, mended_at=tenant.end + 9 * DAY)
    await tenant.pass_time(tenant.end + 9 * DAY + LOOK_AGAIN)
    assert len(await tenant.attempts(await tenant.renewal())) == 1


async def test_the_first_letter_says_when_the_card_is_asked_again_and_how_to_pay_now(
    cashier: Cashier, tenant: Tenant
) -> None:
    await tenant.pass_time(tenant.end)
    await tenant.decline(tenant.end + MINUTE)
    letter = (await cashier.all(EmailMessage))[-1]
    assert (letter.template, letter.recipient) == ("payment_failed", tenant.customer.email)
    assert letter.context["next_attempt_at"] == (tenant.end + 2 * DAY).isoformat()
    assert letter.context["suspends_at"] == (tenant.end + 7 * DAY).isoformat()
    assert "/pay/" in letter.context["retry_url"]
