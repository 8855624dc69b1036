"""Months in which two workers run everything that is scheduled at the same moments, sometimes days late.

A year with `make engine`; here it is the time in which a debt has come to its end.
"""

import asyncio
import os
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from app.db.models import (
    EmailMessage,
    Interval,
    Invoice,
    Order,
    OrderKind,
    OrderStatus,
    Payment,
    Reminder,
    Subscription,
    SubscriptionStatus,
)
from app.domain.billing.renewal_notices import AHEAD
from app.domain.ledger.proof import find_breaks
from app.domain.subscriptions.periods import boundary
from app.server.commands import billing_pass
from tests.factories import Customer, make_customer
from tests.scenarios.cashier import Cashier, stored_card

BEGIN = datetime(2027, 1, 31, 9, 0, tzinfo=UTC)
MONTHS = 12 if "TEZGAH_ENGINE_STEPS" in os.environ else 2
END = BEGIN + timedelta(days=31 * MONTHS)
SEED = 31


async def keep_card(cashier: Cashier, customer: Customer) -> None:
    tokens = cashier.gateway.keep_card()
    async with cashier.resources.session_maker.begin() as session:
        key = cashier.resources.settings.keys
        session.add(stored_card(customer, tokens, key, BEGIN, is_default=True))


async def both_work(cashier: Cashier, at: datetime) -> None:
    """Let two workers do all that is due at the same time; neither fails on anything."""
    cashier.gateway.clock = lambda: at
    passes = await asyncio.gather(*(billing_pass(cashier.resources, at) for _ in range(2)))
    assert [line for lines in passes for line in lines if line["failed"]] == []


async def tell_twice(cashier: Cashier, at: datetime) -> None:
    """PayTR reports what was paid, and reports it again at the same moment."""
    async with cashier.resources.session_maker() as session:
        waiting = select(Payment).where(Payment.status.in_(("sent", "waiting", "unknown")))
        untold = [
            payment
            for payment in await session.scalars(waiting)
            if cashier.gateway.attempts[payment.merchant_oid].total is not None
        ]
    await asyncio.gather(*(cashier.callback(payment, at) for payment in untold * 2))


async def test_two_workers_double_and_miss_nothing(cashier: Cashier) -> None:
    cashier = Cashier(replace(cashier.resources, keeps_runs=False, rows_at_once=2))
    sessions = cashier.resources.session_maker
    paying = await make_customer(sessions, name="Ödeyen A.Ş.", at=BEGIN)
    leaving = await make_customer(sessions, name="Ödemeyen A.Ş.", at=BEGIN)
    await make_customer(sessions, name="Deneyen A.Ş.", at=BEGIN)
    for customer in (paying, leaving):
        await cashier.buy(customer, BEGIN)
    await keep_card(cashier, paying)
    chance, at = random.Random(SEED), BEGIN  # noqa: S311 the same year each time
    while at < END:
        at += timedelta(hours=chance.choice((40, 110, 160)))
        for minutes in (0, 3):
            await both_work(cashier, at + timedelta(minutes=minutes))
            await tell_twice(cashier, at + timedelta(minutes=minutes + 1))

    ends = [boundary(BEGIN, Interval.MONTH, index) for index in range(1, MONTHS + 2)]
    orders = [order for order in await cashier.all(Order) if order.kind is OrderKind.RENEWAL]
    renewed = [order for order in orders if order.company_id == paying.company.id]
    assert [order.period_start for order in renewed] == [end for end in ends if end <= at]
    assert {order.status for order in renewed} == {OrderStatus.PAID}
    invoices = Counter(invoice.order_id for invoice in await cashier.all(Invoice))
    assert all(invoices[order.id] == 1 for order in renewed)
    letters: list[EmailMessage] = await cashier.all(EmailMessage)
    to_payer = Counter(mail.template for mail in letters if mail.company_id == paying.company.id)
    assert to_payer["payment_receipt"] == len(renewed) + 1
    assert to_payer["renewal_notice"] == len([end for end in ends if end - timedelta(days=AHEAD) <= at])
    assert len({mail.dedupe_key for mail in letters}) == len(letters)
    unpaid = [order for order in orders if order.company_id == leaving.company.id]
    assert [order.status for order in unpaid] == [OrderStatus.CANCELED]
    told = Counter(mail.template for mail in letters if mail.company_id == leaving.company.id)
    assert max(count for name, count in told.items() if name not in {"deletion_near"}) == 1
    reminders = Counter((r.subscription_id, r.kind, r.due_at) for r in await cashier.all(Reminder))
    assert set(reminders.values()) == {1}
    states = Counter(subscription.status for subscription in await cashier.all(Subscription))
    assert states == {SubscriptionStatus.ACTIVE: 1, SubscriptionStatus.CANCELED: 2}
    async with sessions() as session:
        assert (await find_breaks(session, at=at)).found == []
