"""Renewals: the period that follows is ordered once, charged once, and paid for exactly."""

import asyncio

import pytest

from app.db.models import (
    Invoice,
    Order,
    PaymentStatus,
    SubscriptionStatus,
)
from app.domain.billing.settlement.service import Outcome
from app.domain.subscriptions.periods import boundary
from app.tasks.subscriptions import manage_subscriptions
from tests.scenarios.cashier import Cashier
from tests.scenarios.tenant import DAY, MINUTE, Tenant, open_tenant

S = SubscriptionStatus


@pytest.fixture
async def tenant(cashier: Cashier) -> Tenant:
    """A company in the last days of a paid month, with a good card."""
    return await open_tenant(cashier)


async def test_a_good_card_pays_exactly_the_period_that_follows(cashier: Cashier, tenant: Tenant) -> None:
    before = await tenant.pass_time(tenant.end - MINUTE)
    assert before["subscription_manager"]["found"] == 0
    await tenant.pass_time(tenant.end)
    subscription, order = await tenant.subscription(), await tenant.renewal()
    assert (subscription.status, subscription.past_due_since) == (S.PAST_DUE, tenant.end)
    assert subscription.grants_access(tenant.end + MINUTE)
    payment = await tenant.send(tenant.end + MINUTE)
    assert (payment.status, payment.amount) == (PaymentStatus.WAITING, order.gross)
    assert await cashier.callback(payment, tenant.end + 2 * MINUTE) is Outcome.APPLIED
    subscription = await tenant.subscription()
    assert subscription.anchor_at is not None
    follows = boundary(subscription.anchor_at, subscription.interval, 2)
    assert (subscription.status, subscription.past_due_since) == (S.ACTIVE, None)
    assert (subscription.current_period_start, subscription.current_period_end) == (tenant.end, follows)
    assert (subscription.charge_attempts, subscription.next_attempt_at) == (0, None)
    assert [step["step"] for step in order.explanation] == ["price"]
    assert len(await cashier.all(Invoice)) == 2
    again = await tenant.pass_time(tenant.end + DAY)
    assert again["subscription_manager"]["found"] == 0


async def test_many_runs_at_once_order_and_charge_once(cashier: Cashier, tenant: Tenant) -> None:
    runs = await asyncio.gather(*(manage_subscriptions(cashier.resources, tenant.end) for _ in range(4)))
    assert sum(run.done for run in runs) == 1
    assert sum(run.failed for run in runs) == 0
    assert len(await tenant.renewals()) == len(await tenant.attempts(await tenant.renewal())) == 1


async def test_a_run_forty_days_late_orders_one_period_and_gives_it_from_the_payment(
    cashier: Cashier, tenant: Tenant
) -> None:
    late = tenant.end + 40 * DAY
    await tenant.pass_time(late)
    await tenant.pass_time(late)
    order, subscription = await tenant.renewal(), await tenant.subscription()
    assert order.period_start == tenant.end
    assert subscription.past_due_since == late, "dunning begins when somebody could first pay"
    payment = await tenant.send(late + MINUTE)
    assert await cashier.callback(payment, late + MINUTE) is Outcome.APPLIED
    subscription = await tenant.subscription()
    assert (subscription.status, subscription.current_period_start) == (S.ACTIVE, late + MINUTE)
    assert len(await cashier.all(Order)) == 2
