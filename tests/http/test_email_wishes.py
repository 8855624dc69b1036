"""Asking for another address: what is told to whom, what is refused, and when it has an end."""

import asyncio
from datetime import timedelta

import pytest
from litestar import Litestar
from sqlalchemy import select, update

from app.db.models import EmailChange, EmailChangeOutcome, EmailMessage, Subscription, User
from app.domain.accounts.limits import EMAIL_CHANGE_OF_ACCOUNT
from app.domain.people.email_change import ask_for_change, write_again
from app.domain.people.privacy.deletion import forget_person
from app.lib.clock import real_now
from app.lib.settings import Settings
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests import html
from tests.conftest import Browser, browser
from tests.factories import PASSWORD, Customer, make_customer, make_operator
from tests.http.test_email_change import HERE, NEW, ask, links, outcomes
from tests.http.test_registration import FORM
from tests.http.test_verification import letters


@pytest.fixture
async def customer(resources: Resources) -> Customer:
    return await make_customer(resources.session_maker, language="en")


async def test_what_is_withdrawn_or_asked_for_anew_leaves_its_links_worth_nothing(
    client: Browser, resources: Resources, settings: Settings, customer: Customer
) -> None:
    await customer.log_in(client)
    await ask(client)
    old, new = await links(resources, settings)
    shown = (await client.get(HERE)).text
    assert NEW in shown
    assert not list(html.read(shown).named("current"))
    assert (await client.submit(f"{HERE}/withdrawal")).status_code == 303
    assert (await client.submit(f"{HERE}/withdrawal")).status_code == 303, "nothing is left to withdraw"
    await ask(client, "ada.other@example.com")
    await ask(client)
    for link in (old, new):
        assert (await client.get(link)).status_code == 410
        assert (await client.submit(link)).status_code == 410
    assert await outcomes(resources) == [EmailChangeOutcome.WITHDRAWN] * 2 + [None]
    assert (await client.submit(f"{HERE}/letters")).status_code == 303


async def test_nobody_learns_by_asking_whether_an_address_has_an_account(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    other = await make_customer(resources.session_maker, name="Başka Şirket")
    operator = await make_operator(resources.session_maker)
    await customer.log_in(client)
    said = set()
    for email in (NEW, other.email.upper(), operator.email):
        assert await ask(client, email) == 303
        page = (await client.get(HERE)).text.replace(email, "…")
        said.add(page.partition("<main")[2].partition("<time")[0])
        await client.submit(f"{HERE}/withdrawal")
    assert len(said) == 1
    told = await letters(resources, "email_has_account")
    assert [letter.recipient.lower() for letter in told] == [other.email, operator.email]
    assert customer.user.full_name not in str(told[1].context)
    assert len(await letters(resources, "email_change_to_confirm")) == 1
    assert len(await letters(resources, "email_change_asked")) == 3


async def test_a_change_is_good_for_a_day_and_can_then_be_asked_for_again(
    client: Browser, resources: Resources, settings: Settings, customer: Customer
) -> None:
    await customer.log_in(client)
    await ask(client)
    async with unit_of_work(resources.session_maker) as session:
        change = (await session.scalars(select(EmailChange))).one()
        assert change.expires_at - change.asked_at == timedelta(hours=24)
        change.asked_at, change.expires_at = change.asked_at - timedelta(days=2), real_now()
        for letter in await session.scalars(
            select(EmailMessage).where(EmailMessage.template.startswith("email_change"))
        ):
            link = letter.context["link"] | {"expires_at": change.expires_at.isoformat()}
            letter.context = letter.context | {"link": link}
    for link in await links(resources, settings):
        assert (await client.submit(link)).status_code == 410
    assert (await client.submit(f"{HERE}/letters")).status_code == 409
    assert list(html.read((await client.get(HERE)).text).named("current"))
    assert await ask(client) == 303
    assert await outcomes(resources) == [EmailChangeOutcome.WITHDRAWN, None]


@pytest.mark.parametrize(
    ("email", "current", "field", "sentence"),
    [
        ("not an address", PASSWORD, "email", "Write an e-mail address"),
        (NEW, "not this one", "current", "This is not your password."),
        ("OWN", PASSWORD, "email", "This is the address you have already."),
    ],
)
async def test_what_will_not_do_is_told_at_its_field_and_nothing_is_asked(
    client: Browser,
    resources: Resources,
    customer: Customer,
    email: str,
    current: str,
    field: str,
    sentence: str,
) -> None:
    await customer.log_in(client)
    wanted = customer.email.upper() if email == "OWN" else email
    answer = await client.submit(HERE, email=wanted, current=current)
    assert answer.status_code == 422
    page = html.read(answer.text)
    assert sentence in page.sentence_at(field)
    assert (page.value("email"), page.value("current")) == (wanted, "")
    assert await outcomes(resources) == []


async def test_the_links_of_somebody_who_is_gone_open_nothing(
    client: Browser, resources: Resources, settings: Settings, customer: Customer
) -> None:
    await customer.log_in(client)
    await ask(client)
    async with unit_of_work(resources.session_maker) as session:
        gone = {"deleted_at": real_now(), "email": "gone@example.invalid", "email_verified_at": None}
        await session.execute(update(User).where(User.id == customer.user.id).values(gone))
    for link in await links(resources, settings):
        assert (await client.submit(link)).status_code == 410
    assert await outcomes(resources) == [None]


async def test_two_wishes_at_once_leave_one_open(resources: Resources, customer: Customer) -> None:
    async def wish(email: str) -> None:
        async with unit_of_work(resources.session_maker) as session:
            user = await session.get_one(User, customer.user.id)
            await ask_for_change(
                session, user, email=email, current=PASSWORD, settings=resources.settings, at=real_now()
            )

    await asyncio.gather(wish("one@example.com"), wish("two@example.com"))
    assert sorted(map(str, await outcomes(resources))) == ["None", "withdrawn"]


async def test_one_letter_goes_in_two_minutes_and_there_is_an_end_to_asking(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    await customer.log_in(client)
    at = real_now()
    async with unit_of_work(resources.session_maker) as session:
        user = await session.get_one(User, customer.user.id)
        await ask_for_change(session, user, email=NEW, current=PASSWORD, settings=resources.settings, at=at)
        await write_again(session, user, settings=resources.settings, at=at)
    assert len(await letters(resources, "email_change_asked")) == 1
    statuses = [
        await ask(client, f"ada{number}@example.com") for number in range(EMAIL_CHANGE_OF_ACCOUNT.times)
    ]
    assert statuses == [303] * EMAIL_CHANGE_OF_ACCOUNT.times
    assert await ask(client) == 429


async def test_a_mailbox_that_was_left_has_had_its_trial(
    application: Litestar, client: Browser, resources: Resources, settings: Settings, customer: Customer
) -> None:
    await customer.log_in(client)
    await ask(client)
    for link in await links(resources, settings):
        await client.submit(link)
    name, _, domain = customer.email.partition("@")
    async with browser(application) as again:
        form = FORM | {"email": f"{name}+again@{domain}", "company_name": "Başka Şirket"}
        assert (await again.submit("/register", **form)).status_code == 303
    async with resources.session_maker() as session:
        trials = list(await session.scalars(select(Subscription.trial_ends_at).order_by(Subscription.id)))
    assert [trial is not None for trial in trials] == [True, False]


async def test_whoever_is_forgotten_is_so_at_the_addresses_they_left(
    client: Browser, resources: Resources, settings: Settings, customer: Customer
) -> None:
    other = await make_customer(resources.session_maker, name="Başka Şirket")
    await customer.log_in(client)
    await ask(client)
    for link in await links(resources, settings):
        await client.submit(link)
    async with unit_of_work(resources.session_maker) as session:
        user = await session.get_one(User, customer.user.id)
        await forget_person(session, user, settings=settings, at=real_now())
    async with resources.session_maker() as session:
        kept = list(await session.scalars(select(EmailMessage)))
        changes = list(await session.scalars(select(EmailChange)))
    assert [letter.recipient for letter in kept if letter.context] == [other.email]
    said = " ".join(str(vars(row)) for row in (*kept, *changes))
    assert customer.email not in said
    assert NEW not in said
