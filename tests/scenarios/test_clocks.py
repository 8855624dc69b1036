"""One company lives ahead of everybody else, on the same database, and nobody else notices."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.db.models import (
    AuditEntry,
    ClockStatus,
    EmailMessage,
    Invoice,
    Order,
    OrderStatus,
    Payment,
    PaymentStatus,
    Subscription,
    SubscriptionStatus,
    TestClock,
)
from app.domain.billing.clocks.due import INSTANTS
from app.domain.billing.clocks.service import (
    ask_to_advance,
    begin_clock,
    due_clocks,
    release_clock,
)
from app.domain.billing.clocks.targets import later
from app.domain.billing.reconciliation.book import day_of, entries_between
from app.domain.ledger.proof import find_breaks
from app.domain.payments.paytr.fake import InMemoryGateway
from app.domain.payments.values import ChargeAnswer
from app.lib.clock import now, real_now
from app.lib.errors import DomainError, NotAllowed
from app.lib.settings import Settings, SettingsError
from app.lib.uow import unit_of_work
from app.server.commands import billing_pass
from app.server.real_time import require_real_time
from app.tasks.advancing import advance, resources_for
from app.tasks.billing import SWEEPS
from app.tasks.clocks import sweep_all_clocks
from app.tasks.context import Resources
from tests.factories import Customer, make_customer
from tests.scenarios.cashier import Cashier, stored_card


class Killed(BaseException):
    """The process is gone; nothing of it runs any more."""


class Deadly(InMemoryGateway):
    """A PayTR at which our process dies: the charge is made, and its answer finds nobody."""

    async def charge_stored_card(self, *arguments: Any, **more: Any) -> ChargeAnswer:
        await super().charge_stored_card(*arguments, **more)
        raise Killed


async def subscriber(cashier: Cashier, name: str, at: datetime, **card: Any) -> Customer:
    """A company that has paid its first month and keeps a card."""
    sessions = cashier.resources.session_maker
    customer = await make_customer(sessions, name=name, at=at)
    await cashier.buy(customer, at)
    tokens = cashier.gateway.keep_card()
    async with unit_of_work(sessions) as session:
        key = cashier.resources.settings.keys
        session.add(stored_card(customer, tokens, key, at, is_default=True, **card))
    return customer


async def put_on_clock(resources: Resources, customer: Customer) -> TestClock:
    async with unit_of_work(resources.session_maker) as session:
        return await begin_clock(
            session, resources.settings, customer.company.slug, actor_id=None, at=real_now()
        )


async def wish(resources: Resources, customer: Customer, to: datetime) -> None:
    async with unit_of_work(resources.session_maker) as session:
        await ask_to_advance(
            session, resources.settings, customer.company.id, to, actor_id=None, at=real_now()
        )


async def move(resources: Resources, customer: Customer, to: datetime) -> TestClock:
    await wish(resources, customer, to)
    clock = await advance(resources, customer.company.id, patience=0)
    assert clock is not None
    return clock


async def live_daily(resources: Resources, customer: Customer, start: datetime, end: datetime) -> None:
    """Run the sweeps once a day, with the repeats that the minutes after it bring."""
    alone = resources_for(resources, customer.company.id)
    at = start
    while at < end:
        at += timedelta(days=1)
        for minutes in range(0, 10, 2):
            instant = at + timedelta(minutes=minutes)
            tallies = [await SWEEPS[name](alone, instant) for name in SWEEPS if name in INSTANTS]
            if not any(tally.done for tally in tallies):
                break


async def of(cashier: Cashier, model: type[Any], customer: Customer) -> list[Any]:
    return [row for row in await cashier.all(model) if row.company_id == customer.company.id]


async def history(cashier: Cashier, customer: Customer) -> dict[str, Any]:
    """What has happened to a company, without instants and names that differ by chance."""
    orders = await of(cashier, Order, customer)
    (subscription,) = await of(cashier, Subscription, customer)
    return {
        "status": subscription.status,
        "orders": [(order.kind, order.status, order.gross) for order in orders],
        "payments": Counter(payment.status for payment in await of(cashier, Payment, customer)),
        "documents": Counter((one.kind, one.total) for one in await of(cashier, Invoice, customer)),
        "letters": Counter(mail.template for mail in await of(cashier, EmailMessage, customer)),
        "access": [
            entry.action
            for entry in await of(cashier, AuditEntry, customer)
            if entry.action.startswith(("subscription.", "files."))
        ],
    }


async def everything_of(cashier: Cashier, customer: Customer) -> list[Any]:
    """Every column of every row of a company."""
    models = (Subscription, Order, Payment, Invoice, EmailMessage, AuditEntry)
    return [
        {column.name: getattr(row, column.name) for column in model.__table__.columns}
        for model in models
        for row in await of(cashier, model, customer)
    ]


async def test_a_company_moved_at_once_comes_to_what_daily_runs_bring(cashier: Cashier) -> None:
    """A renewal is paid, then the card ends: suspended, canceled, announced and deleted."""
    start = now()
    ends = later(start, "1m")
    card = {"expiry_month": ends.month, "expiry_year": ends.year}
    moved = await subscriber(cashier, "Saatli Yazılım", start, **card)
    daily = await subscriber(cashier, "Günlük Yazılım", start, **card)
    neighbour = await subscriber(cashier, "Komşu Yazılım", start)
    untouched = await everything_of(cashier, neighbour)
    await put_on_clock(cashier.resources, moved)
    target = start + timedelta(days=116)
    clock = await move(cashier.resources, moved, target)
    assert (clock.status, clock.at, clock.error) == (ClockStatus.READY, target, None)
    await live_daily(cashier.resources, daily, start, target)
    found = await history(cashier, moved)
    assert found == await history(cashier, daily)
    assert found["status"] is SubscriptionStatus.CANCELED
    assert found["payments"][PaymentStatus.SUCCEEDED] == 2
    assert "files.deleted" in found["access"]
    assert await everything_of(cashier, neighbour) == untouched
    async with unit_of_work(cashier.resources.session_maker) as session:
        broken = (await find_breaks(session, at=real_now())).found
    assert moved.company.id not in {one.company_id for one in broken}, "the book is proven in its own time"


async def test_thirteen_months_bring_thirteen_renewals_each_on_its_day(cashier: Cashier) -> None:
    customer = await subscriber(cashier, "Saatli Yazılım", now())
    begun = await put_on_clock(cashier.resources, customer)
    seen: list[datetime] = []
    await wish(cashier.resources, customer, later(begun.at, "13m") + timedelta(days=1))
    await advance(
        cashier.resources, customer.company.id, patience=0, progress=lambda clock: seen.append(clock.at)
    )
    orders = await of(cashier, Order, customer)
    assert [order.status for order in orders] == [OrderStatus.PAID] * 14
    assert all(order.paid_at - order.period_start < timedelta(minutes=5) for order in orders[1:])
    invoices = await of(cashier, Invoice, customer)
    assert [one.issued_at for one in invoices] == [order.paid_at for order in orders]
    mails = await of(cashier, EmailMessage, customer)
    assert Counter(mail.template for mail in mails)["payment_receipt"] == 14
    assert all(mail.sent_at is not None and mail.sent_at <= seen[-1] for mail in mails)
    assert seen == sorted(seen)
    assert len(set(seen)) < 13 * 8, "it goes from due instant to due instant, not day by day"
    async with unit_of_work(cashier.resources.session_maker) as session:
        assert (await find_breaks(session, at=seen[-1])).found == []
        today = day_of(begun.at), day_of(real_now())
        assert len(await entries_between(session, *today)) == 14, "PayTR's day is the real one"


async def test_real_time_never_touches_a_company_on_a_clock(cashier: Cashier) -> None:
    start = now()
    customer = await subscriber(cashier, "Saatli Yazılım", start)
    neighbour = await subscriber(cashier, "Komşu Yazılım", start)
    await put_on_clock(cashier.resources, customer)
    before = await everything_of(cashier, customer)
    report = await billing_pass(cashier.resources, start + timedelta(days=40))
    assert all(line["failed"] == 0 for line in report)
    assert await everything_of(cashier, customer) == before
    assert len(await of(cashier, Order, neighbour)) == 2, "its neighbour's period has ended in the meantime"


async def test_killed_in_a_charge_it_goes_on_from_there_and_charges_once(cashier: Cashier) -> None:
    customer = await subscriber(cashier, "Saatli Yazılım", now())
    begun = await put_on_clock(cashier.resources, customer)
    target = later(begun.at, "2m") + timedelta(days=1)
    await wish(cashier.resources, customer, target)
    deadly = Deadly()
    deadly.__dict__ |= {"cards": cashier.gateway.cards, "attempts": cashier.gateway.attempts}
    with pytest.raises(Killed):
        await advance(replace(cashier.resources, gateway=deadly), customer.company.id, patience=0)
    clock = await cashier.the(TestClock)
    assert clock.status is ClockStatus.ADVANCING
    assert begun.at < clock.at < target
    assert await advance(cashier.resources, customer.company.id, patience=0) is None, "the dead hold it still"
    await cashier.change(clock, lease_until=real_now())
    async with unit_of_work(cashier.resources.session_maker) as session:
        assert await due_clocks(session, at=real_now()) == [customer.company.id]
    tally = await sweep_all_clocks(cashier.resources, patience=0)
    assert (tally.done, tally.failed) == (1, 0)
    assert (await cashier.the(TestClock)).at == target
    payments = await of(cashier, Payment, customer)
    assert [payment.status for payment in payments] == [PaymentStatus.SUCCEEDED] * 3
    assert len(cashier.gateway.attempts) == 3


async def test_a_failure_leaves_the_clock_where_it_happened_and_says_so(cashier: Cashier) -> None:
    customer = await subscriber(cashier, "Saatli Yazılım", now())
    begun = await put_on_clock(cashier.resources, customer)
    (subscription,) = await of(cashier, Subscription, customer)
    price = subscription.price_id
    await cashier.change(subscription, price_id=None)
    clock = await move(cashier.resources, customer, later(begun.at, "2m"))
    assert clock.status is ClockStatus.FAILED
    assert clock.error is not None
    assert clock.error.endswith("is active without a price"), "its next renewal cannot be announced"
    assert begun.at < clock.at < subscription.current_period_end
    await cashier.change(subscription, price_id=price)
    clock = await move(cashier.resources, customer, later(begun.at, "1m") + timedelta(days=1))
    assert clock.status is ClockStatus.READY
    assert len(await of(cashier, Order, customer)) == 2


async def test_time_only_goes_forward_and_returns_only_once_it_was_overtaken(cashier: Cashier) -> None:
    resources = cashier.resources
    customer = await make_customer(resources.session_maker)
    clock = await put_on_clock(resources, customer)
    with pytest.raises(DomainError, match="Time only goes forward"):
        await wish(resources, customer, clock.at)
    with pytest.raises(DomainError, match="five years"):
        await wish(resources, customer, later(clock.at, "6y"))
    with pytest.raises(DomainError, match="on a test clock already"):
        await put_on_clock(resources, customer)
    await move(resources, customer, clock.at + timedelta(days=1))
    for days, refused in ((1, True), (-1, False)):
        row = await cashier.the(TestClock)
        await cashier.change(
            row, at=real_now() + timedelta(days=days), began_at=real_now() - timedelta(days=9)
        )
        async with resources.session_maker.begin() as session:
            release = release_clock(
                session, resources.settings, customer.company.id, actor_id=None, at=real_now()
            )
            if refused:
                with pytest.raises(DomainError, match="days that are still to come"):
                    await release
            else:
                await release
    assert await cashier.all(TestClock) == []


async def test_production_has_no_clocks_and_starts_on_no_database_that_has(cashier: Cashier) -> None:
    customer = await make_customer(cashier.resources.session_maker)
    production = replace(cashier.resources, settings=Settings(env="production"))
    with pytest.raises(NotAllowed):
        await put_on_clock(production, customer)
    await require_real_time(production)
    await put_on_clock(cashier.resources, customer)
    with pytest.raises(SettingsError, match=customer.company.slug):
        await require_real_time(production)


def test_an_advance_knows_every_sweep_and_what_it_waits_for() -> None:
    assert set(SWEEPS) - set(INSTANTS) == {"sweep_reconciliation"}, (
        "days are compared for all companies together"
    )


@pytest.mark.parametrize(
    ("span", "comes_to"),
    [
        ("1d", datetime(2027, 2, 1, 9, tzinfo=UTC)),
        ("2w", datetime(2027, 2, 14, 9, tzinfo=UTC)),
        ("1m", datetime(2027, 2, 28, 9, tzinfo=UTC)),
        ("1y", datetime(2028, 1, 31, 9, tzinfo=UTC)),
    ],
)
def test_a_span_is_counted_on_the_calendar(span: str, comes_to: datetime) -> None:
    assert later(datetime(2027, 1, 31, 9, tzinfo=UTC), span) == comes_to
