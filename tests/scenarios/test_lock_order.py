"""Money arrives while something else happens to its company: everybody holds the subscription first.

Each story lets two transactions meet at the subscription's row; in any other order they would wait for each
other, and PostgreSQL would end one of them.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import OperatorCase, Payment, Subscription, SubscriptionStatus
from app.domain.accounts.operators import Operator
from app.domain.billing.cancellation import service as cancellation
from app.domain.billing.checkout import FRAME_LIMIT, Checkout
from app.domain.billing.renewals.ending import end_subscription
from app.domain.billing.settlement.service import Outcome
from app.domain.billing.verification.rules import LADDER
from app.domain.billing.verification.service import inquire
from app.domain.ops.case_actions import CaseAction
from app.domain.ops.case_decisions import Decision, decide
from app.domain.subscriptions.queries import newest_subscription
from app.lib.uow import unit_of_work
from tests.factories import make_operator
from tests.scenarios.cashier import Cashier
from tests.scenarios.tenant import DAY, MINUTE, Tenant, open_tenant
from tests.waiting import until

WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")


@pytest.fixture
async def tenant(cashier: Cashier) -> Tenant:
    """A company without a card whose renewal is unpaid."""
    tenant = await open_tenant(cashier, card=False)
    await tenant.pass_time(tenant.end)
    return tenant


@pytest.fixture
async def page(cashier: Cashier, tenant: Tenant) -> Checkout:
    """PayTR's page for that renewal, which the bank has said yes on."""
    page = await cashier.open_frame(tenant.customer, tenant.end + MINUTE)
    cashier.gateway.clock = lambda: tenant.end + MINUTE
    cashier.gateway.pay(page.payment.merchant_oid)
    return page


@asynccontextmanager
async def held(cashier: Cashier, tenant: Tenant) -> AsyncIterator[tuple[AsyncSession, Subscription]]:
    """A transaction that holds the subscription, as dunning and every page that pays do first."""
    async with unit_of_work(cashier.resources.session_maker) as session:
        subscription = await newest_subscription(session, tenant.customer.company.id, lock=True)
        assert subscription is not None
        yield session, subscription


async def behind(cashier: Cashier, number: int, *work: Coroutine[Any, Any, Any]) -> list[asyncio.Task[Any]]:
    """Start work one after the other, each waiting for a lock when the next begins."""
    tasks = []
    for position, one in enumerate(work, start=number):
        tasks.append(asyncio.create_task(one))

        async def waits(position: int = position) -> bool:
            async with cashier.resources.session_maker() as session:
                return (await session.scalar(WAITING) or 0) >= position

        await until(waits)
    return tasks


async def test_a_payment_that_comes_while_its_order_is_canceled_waits_and_is_held(
    cashier: Cashier, tenant: Tenant, page: Checkout
) -> None:
    at = tenant.end + DAY
    async with held(cashier, tenant) as (session, subscription):
        (callback,) = await behind(cashier, 1, cashier.report(page, at))
        settings = cashier.resources.settings
        await end_subscription(session, subscription, settings=settings, at=at, reason="test")
    assert await callback is Outcome.HELD
    assert (await tenant.subscription()).status is SubscriptionStatus.CANCELED


async def test_a_callback_and_the_status_query_meet_and_one_of_them_settles(
    cashier: Cashier, tenant: Tenant, page: Checkout
) -> None:
    at = tenant.end + MINUTE + FRAME_LIMIT + LADDER[0]
    resources = cashier.resources
    asked = inquire(resources.session_maker, cashier.gateway, resources.settings, page.payment.id, at=at)
    async with held(cashier, tenant):
        question, callback = await behind(cashier, 1, asked, cashier.report(page, at))
    await question
    assert await callback in {Outcome.APPLIED, Outcome.REPEATED}
    assert (await tenant.subscription()).status is SubscriptionStatus.ACTIVE


async def test_an_end_now_and_a_repeat_of_what_was_paid_meet_and_both_come_through(
    cashier: Cashier, tenant: Tenant, page: Checkout
) -> None:
    at, settings = tenant.end + DAY, cashier.resources.settings
    assert await cashier.report(page, at) is Outcome.APPLIED

    async def end_now() -> None:
        async with unit_of_work(cashier.resources.session_maker) as session:
            viewer = await tenant.customer.viewer(session)
            shown = await cancellation.outlook(session, viewer, settings=settings, at=at)
            seen = cancellation.sealed(shown.leaving, settings, expires_at=at + DAY)
            await cancellation.cancel_now(session, viewer, seen, settings=settings, at=at)

    async with held(cashier, tenant):
        ending, repeat = await behind(cashier, 1, end_now(), cashier.report(page, at))
    await ending
    assert await repeat is Outcome.REPEATED
    assert (await tenant.subscription()).status is SubscriptionStatus.CANCELED


async def test_an_operators_decision_and_a_repeat_meet_and_both_come_through(
    cashier: Cashier, tenant: Tenant, page: Checkout
) -> None:
    at, settings = tenant.end + DAY, cashier.resources.settings
    assert await cashier.report(page, at, currency="USD") is Outcome.HELD
    case, person = await cashier.the(OperatorCase), await make_operator(cashier.resources.session_maker)

    async def apply() -> None:
        async with unit_of_work(cashier.resources.session_maker) as session:
            decision = Decision(CaseAction.REFUND, "They asked for it.", page.payment.amount)
            await decide(session, Operator(person.user), case.id, decision, settings=settings, at=at)

    async with held(cashier, tenant):
        deciding, repeat = await behind(cashier, 1, apply(), cashier.report(page, at))
    await deciding
    assert await repeat is Outcome.REPEATED
    payments: list[Payment] = await cashier.all(Payment)
    assert payments[-1].refund_reserved == page.payment.amount
