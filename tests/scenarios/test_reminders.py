"""Reminders: each written down once, to the people who look after the company's money."""

import asyncio
from datetime import UTC, datetime, timedelta

from app.db.models import EmailMessage, Reminder, ReminderKind, Role, User
from app.domain.billing.reminders import Reader, remind_latest, remind_once
from app.domain.notifications.messages import Message, RefundSent
from app.domain.subscriptions.queries import newest_subscription
from app.lib.uow import unit_of_work
from tests.factories import Customer, add_member, make_customer
from tests.scenarios.shop import Shop

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DUE = START + timedelta(days=7)


async def test_a_reminder_goes_to_owners_and_billing_people_in_their_own_language(shop: Shop) -> None:
    customer = await make_customer(shop.resources.session_maker, at=START)
    billing = await add_member(shop.resources.session_maker, customer, Role.BILLING)
    await add_member(shop.resources.session_maker, customer, Role.DEVELOPER)
    async with unit_of_work(shop.resources.session_maker) as session:
        (await session.get_one(User, billing.user.id)).language = "en"
    assert await remind(shop, customer)
    letters = [mail for mail in await shop.all(EmailMessage) if mail.template == "refund_sent"]
    assert {(mail.recipient, mail.language) for mail in letters} == {
        (customer.email, "tr"),
        (billing.email, "en"),
    }


async def test_two_workers_at_once_remind_once(shop: Shop) -> None:
    customer = await make_customer(shop.resources.session_maker, at=START)
    told = await asyncio.gather(*(remind(shop, customer) for _ in range(4)))
    assert sorted(told) == [False, False, False, True]
    assert len(await shop.all(Reminder)) == 1


async def test_a_late_run_sends_the_latest_and_notes_the_others(shop: Shop) -> None:
    customer = await make_customer(shop.resources.session_maker, at=START)
    due = [DUE, DUE + timedelta(days=4), DUE + timedelta(days=6)]
    async with unit_of_work(shop.resources.session_maker) as session:
        subscription = await newest_subscription(session, customer.company.id)
        assert subscription is not None
        for at, sent in ((DUE - timedelta(days=1), False), (due[1] + timedelta(hours=3), True)):
            kind = ReminderKind.TRIAL_ENDS
            assert await remind_latest(session, subscription, kind, due=due, at=at, write=letter) is sent
    assert [(noted.due_at, noted.sent) for noted in await shop.all(Reminder)] == [
        (due[0], False),
        (due[1], True),
    ]


async def remind(shop: Shop, customer: Customer) -> bool:
    async with unit_of_work(shop.resources.session_maker) as session:
        subscription = await newest_subscription(session, customer.company.id)
        assert subscription is not None
        return await remind_once(
            session, subscription, ReminderKind.RENEWAL, due_at=DUE, at=DUE, write=letter
        )


def letter(reader: Reader) -> Message:
    """Any letter will do."""
    return RefundSent(
        full_name=reader.user.full_name,
        company_name=reader.company.name,
        amount=1,
        currency="TRY",
        paid_at=START,
        payment_reference="TZG1",
        refund_reference="TZR1",
    )
