"""One trial a mailbox: another spelling of an address signs up, and begins by choosing a plan."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import text

from app.db.models import EmailMessage, Subscription, SubscriptionStatus, User
from app.db.models.user import MAILBOX
from app.domain.billing.registration import Registration, register
from app.domain.subscriptions.entitlement import entitlement_of
from app.domain.subscriptions.queries import newest_subscription
from app.lib.settings import Settings
from app.lib.uow import unit_of_work
from tests.factories import PASSWORD, Customer
from tests.scenarios.shop import Shop
from tests.waiting import until

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
FORM = Registration("Işık Yazılım", "Ada Çağlar", "", PASSWORD, "team", accept_terms=True)
SPELLINGS = [
    ("ada@acme.com.tr", "ada@acme.com.tr"),
    ("Ada@ACME.com.tr", "ada@acme.com.tr"),
    ("ada+tezgah@acme.com.tr", "ada@acme.com.tr"),
    ("ada+a+b@acme.com.tr", "ada@acme.com.tr"),
    ("IBRAHIM@acme.com.tr", "ibrahim@acme.com.tr"),
    ("a.d.a@acme.com.tr", "a.d.a@acme.com.tr"),
    ("A.d.a+1@gmail.com", "ada@gmail.com"),
    ("ada@GoogleMail.com", "ada@gmail.com"),
    ("a.da@notgmail.com", "a.da@notgmail.com"),
    ("a.da@gmail.com.tr", "a.da@gmail.com.tr"),
    ("+ada@acme.com.tr", "+ada@acme.com.tr"),
]


async def sign_up(shop: Shop, email: str, company_name: str = "Işık Yazılım") -> Customer:
    form = replace(FORM, email=email, company_name=company_name)
    async with unit_of_work(shop.resources.session_maker) as session:
        user, company = await register(
            session, form, language="en", address="", settings=Settings(), at=START
        )
    return Customer(user, email, company)


async def subscription_of(shop: Shop, customer: Customer) -> Subscription:
    async with shop.resources.session_maker() as session:
        subscription = await newest_subscription(session, customer.company.id)
    assert subscription is not None
    return subscription


async def test_spellings_of_an_address_are_one_mailbox(shop: Shop) -> None:
    rows = "unnest(CAST(:typed AS text[])) WITH ORDINALITY AS typed (email, place) ORDER BY place"
    statement = text(f"SELECT {MAILBOX} FROM {rows}")  # noqa: S608 a constant of the model
    async with shop.resources.session_maker() as session:
        found = list(await session.scalars(statement, {"typed": [email for email, _ in SPELLINGS]}))
    assert found == [mailbox for _, mailbox in SPELLINGS]


async def test_another_spelling_of_the_address_gets_no_second_trial_and_is_told_so(shop: Shop) -> None:
    first = await subscription_of(shop, await sign_up(shop, "ada@gmail.com"))
    assert first.status is SubscriptionStatus.TRIALING
    second = await sign_up(shop, "a.da+again@googlemail.com")
    subscription = await subscription_of(shop, second)
    assert subscription.status is SubscriptionStatus.SUSPENDED
    assert subscription.trial_ends_at is None
    assert not entitlement_of(subscription, START).may_run_workspaces
    welcome = (await shop.all(EmailMessage))[-1]
    assert (welcome.recipient, welcome.context["trial_ends_at"]) == (second.email, None)


async def test_who_begins_without_a_trial_pays_and_works(shop: Shop) -> None:
    await sign_up(shop, "ada@acme.com.tr")
    customer = await sign_up(shop, "ada+two@acme.com.tr")
    await shop.buy(customer, START)
    subscription = await subscription_of(shop, customer)
    assert subscription.status is SubscriptionStatus.ACTIVE
    assert entitlement_of(subscription, START).may_run_workspaces


async def test_who_has_had_no_trial_gets_one_though_the_mailbox_signed_up_before(shop: Shop) -> None:
    """Somebody without a trial of their own, such as an operator, uses nothing up."""
    async with unit_of_work(shop.resources.session_maker) as session:
        session.add(
            User(
                email="ada+ops@acme.com.tr", full_name="Ada", password_hash="", language="tr", session_epoch=0
            )
        )
    subscription = await subscription_of(shop, await sign_up(shop, "ada@acme.com.tr"))
    assert subscription.status is SubscriptionStatus.TRIALING


async def test_a_second_spelling_at_the_same_moment_waits_for_the_first(shop: Shop) -> None:
    first = replace(FORM, email="ada@gmail.com")
    async with unit_of_work(shop.resources.session_maker) as session:
        await register(session, first, language="en", address="", settings=Settings(), at=START)
        # of another name, since sign-ups of companies of one name wait for each other anyway
        second = asyncio.create_task(sign_up(shop, "a.da@gmail.com", "Deniz Yazılım"))
        await until(lambda: waits_for_a_lock(shop, second))
    subscription = await subscription_of(shop, await second)
    assert subscription.status is SubscriptionStatus.SUSPENDED


async def waits_for_a_lock(shop: Shop, task: asyncio.Task[Customer]) -> bool:
    assert not task.done(), "it did not wait"
    statement = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    async with shop.resources.session_maker() as session:
        return bool(await session.scalar(statement))
