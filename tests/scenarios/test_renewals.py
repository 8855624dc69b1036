"""Renewals: the period that follows is ordered once, charged once, and paid for exactly."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import async_sessionmaker

from app.db.models import (
    Company,
    CompanyCredit,
    EmailMessage,
    Interval,
    Invoice,
    JobRun,
    Order,
    PaymentStatus,
    SubscriptionStatus,
)
from app.domain.billing.settlement.service import Outcome
from app.domain.ledger.credits import credit_of
from app.domain.plans.queries import current_price
from app.domain.subscriptions.periods import boundary
from app.lib.uow import unit_of_work
from app.server.database import build_engine
from app.tasks.billing import SWEEPS
from app.tasks.subscriptions import manage_subscriptions
from tests.factories import make_customer
from tests.scenarios.cashier import Cashier
from tests.scenarios.tenant import DAY, MINUTE, Tenant, open_tenant

S = SubscriptionStatus


@pytest.fixture
async def tenant(cashier: Cashier) -> Tenant:
    """A company in the last days of a paid month, with a good card."""
    return await open_tenant(cashier)


async def test_a_good_card_pays_exactly_the_period_that_follows(cashier: Cashier, tenant: Tenant) -> None:
    before = await tenant.pass_time(tenant.end - MINUTE)
    assert before.found == 0
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
    await SWEEPS["sweep_invoices"](cashier.resources, tenant.end + DAY)
    receipts = [mail for mail in await cashier.all(EmailMessage) if mail.template == "payment_receipt"]
    assert [mail.recipient for mail in receipts] == [tenant.customer.email] * 2
    again = await tenant.pass_time(tenant.end + DAY)
    assert again.found == 0


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


async def test_a_wished_end_comes_with_the_period_and_nothing_is_ordered(
    cashier: Cashier, tenant: Tenant
) -> None:
    await cashier.change(await tenant.subscription(), cancel_at_period_end=True)
    await tenant.pass_time(tenant.end)
    subscription = await tenant.subscription()
    assert (subscription.status, subscription.canceled_at) == (S.CANCELED, tenant.end)
    assert subscription.data_kept_until == tenant.end + 30 * DAY
    assert (await tenant.renewals(), await tenant.letters()) == ([], ["subscription_canceled"])


async def test_a_smaller_plan_chosen_for_then_is_what_is_renewed(cashier: Cashier, tenant: Tenant) -> None:
    async with cashier.resources.session_maker() as session:
        price = await current_price(session, "starter", Interval.YEAR)
    subscription = await tenant.subscription()
    await cashier.change(subscription, pending_price_id=price.id, pending_since=tenant.end - DAY)
    await tenant.pass_time(tenant.end)
    order = await tenant.renewal()
    assert (order.plan_code, order.gross, (await tenant.subscription()).pending_price_id) == (
        "starter",
        price.gross,
        None,
    )
    await cashier.callback(await tenant.send(tenant.end), tenant.end)
    subscription = await tenant.subscription()
    assert (subscription.plan_code, subscription.current_period_end) == ("starter", order.period_end)
    assert subscription.anchor_at is not None
    assert subscription.current_period_end == boundary(tenant.end, Interval.YEAR, 1)


async def test_company_credit_pays_first_and_a_card_the_rest(cashier: Cashier, tenant: Tenant) -> None:
    credit = CompanyCredit(company_id=tenant.customer.company.id, currency="TRY", balance=100_000)
    async with unit_of_work(cashier.resources.session_maker) as session:
        session.add(credit)
    await tenant.pass_time(tenant.end)
    order = await tenant.renewal()
    assert (order.credit, [step["step"] for step in order.explanation]) == (100_000, ["price", "credit"])
    payment = await tenant.send(tenant.end)
    assert payment.amount == order.gross - 100_000
    assert await cashier.callback(payment, tenant.end) is Outcome.APPLIED
    async with cashier.resources.session_maker() as session:
        assert await credit_of(session, tenant.customer.company.id, "TRY") == 0


async def test_credit_that_covers_all_renews_without_asking_a_card(cashier: Cashier, tenant: Tenant) -> None:
    credit = CompanyCredit(company_id=tenant.customer.company.id, currency="TRY", balance=10**9)
    async with unit_of_work(cashier.resources.session_maker) as session:
        session.add(credit)
    await tenant.pass_time(tenant.end)
    subscription = await tenant.subscription()
    assert (subscription.status, subscription.current_period_start) == (S.ACTIVE, tenant.end)
    assert await tenant.attempts(await tenant.renewal()) == []


async def test_one_that_fails_and_one_that_hangs_stop_no_other_and_are_named(
    cashier: Cashier, tenant: Tenant
) -> None:
    await cashier.change(await tenant.subscription(), price_id=None)
    stuck, sound = [
        await make_customer(cashier.resources.session_maker, at=tenant.end - day * DAY) for day in (21, 20)
    ]
    for customer in (stuck, sound):
        await cashier.buy(customer, tenant.end - 20 * DAY)
    due = tenant.end + 20 * DAY
    impatient = build_engine(cashier.resources.settings, lock_wait=timedelta(milliseconds=100))
    one_hand = replace(
        cashier.resources, session_maker=async_sessionmaker(impatient, expire_on_commit=False), rows_at_once=1
    )
    async with cashier.resources.session_maker() as held:
        await held.get_one(Company, stuck.company.id, with_for_update=True)
        tally = await manage_subscriptions(one_hand, due)
    await impatient.dispose()
    assert (tally.found, tally.done, tally.failed) == (3, 1, 2)
    assert [order.company_id for order in await tenant.renewals()] == [sound.company.id]
    run = (await cashier.all(JobRun))[-1]
    assert (run.name, run.found, run.done, run.failed) == ("subscription_manager", 3, 1, 2)
    failed, hung = sorted(run.error.splitlines(), key=lambda line: "Lock" in line)
    assert failed.endswith("LookupError: a paid period without a price")
    assert hung.endswith("LockNotAvailableError: canceling statement due to lock timeout")
    assert (await tenant.pass_time(due)).done == 1, "let go, it is renewed by the next run"
