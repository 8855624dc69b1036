"""Another address: both mailboxes and the password, or nothing; and the old one may stop it all."""

import asyncio

import pytest
from litestar import Litestar
from sqlalchemy import func, select, update

from app.db.models import AuditEntry, EmailChange, EmailChangeOutcome, User
from app.lib.settings import Settings
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.conftest import Browser, browser
from tests.factories import PASSWORD, Customer, make_customer
from tests.http.test_verification import letters, link_in, welcome_link

HERE = "/account/email"
NEW = "ada.new@example.com"


@pytest.fixture
async def customer(resources: Resources) -> Customer:
    return await make_customer(resources.session_maker, language="en")


async def ask(client: Browser, email: str = NEW, current: str = PASSWORD) -> int:
    return (await client.submit(HERE, email=email, current=current)).status_code


async def links(resources: Resources, settings: Settings) -> tuple[str, str]:
    """Return the links of the newest letters to the old and to the new address."""
    asked = (await letters(resources, "email_change_asked"))[-1]
    wanted = (await letters(resources, "email_change_to_confirm"))[-1]
    return link_in(asked, settings), link_in(wanted, settings)


async def address_of(resources: Resources, customer: Customer) -> str | None:
    async with resources.session_maker() as session:
        return await session.scalar(select(User.email).where(User.id == customer.user.id))


async def outcomes(resources: Resources) -> list[EmailChangeOutcome | None]:
    async with resources.session_maker() as session:
        return list(await session.scalars(select(EmailChange.outcome).order_by(EmailChange.id)))


async def is_inside(client: Browser) -> bool:
    return (await client.get("/dashboard")).status_code == 200


async def log_in(client: Browser, email: str) -> int:
    return (await client.submit("/login", email=email, password=PASSWORD)).status_code


@pytest.mark.parametrize("old_first", [True, False])
async def test_an_address_changes_once_both_have_confirmed_and_only_this_session_stays(
    application: Litestar,
    client: Browser,
    resources: Resources,
    settings: Settings,
    customer: Customer,
    old_first: bool,
) -> None:
    await customer.log_in(client)
    assert await ask(client) == 303
    old, new = await links(resources, settings)
    first, second = (old, new) if old_first else (new, old)
    async with browser(application) as elsewhere, browser(application) as mailbox:
        mailbox.headers["accept-language"] = "en"
        await customer.log_in(elsewhere)
        for link in (old, new):  # whatever looks at mail before its reader only opens links
            assert (await mailbox.get(link)).status_code == 200
        for _ in range(2):
            assert (await mailbox.submit(first)).status_code == 303
        assert "Confirmed: one more to go" in (await client.get(first)).text
        assert await address_of(resources, customer) == customer.email
        assert await is_inside(elsewhere)
        assert (await client.submit(second)).status_code == 303
        assert await address_of(resources, customer) == NEW
        assert await is_inside(client)
        assert not await is_inside(elsewhere)
        assert "The address is changed" in (await mailbox.get(first)).text
        assert (await mailbox.submit(second)).status_code == 303, "again changes nothing"
        assert await is_inside(client)
        assert [await log_in(mailbox, customer.email), await log_in(mailbox, NEW)] == [422, 303]
    told = await letters(resources, "email_changed")
    assert {letter.recipient for letter in told} == {customer.email, NEW}
    trail = (await client.get("/company/audit")).text
    assert "The e-mail address of a member changed" in trail
    assert NEW not in trail.partition("<main")[2]


async def test_two_confirmations_at_once_make_one_change(
    application: Litestar, client: Browser, resources: Resources, settings: Settings, customer: Customer
) -> None:
    await customer.log_in(client)
    await ask(client)
    old, new = await links(resources, settings)
    async with browser(application) as first, browser(application) as second:
        answers = await asyncio.gather(first.submit(old), second.submit(new), client.submit(new))
    assert [answer.status_code for answer in answers] == [303] * 3
    assert await address_of(resources, customer) == NEW
    assert len(await letters(resources, "email_changed")) == 2
    async with resources.session_maker() as session:
        made = select(func.count()).where(AuditEntry.action == "member.email_changed")
        assert await session.scalar(made) == 1


async def test_the_old_address_stops_it_and_ends_every_session_once(
    application: Litestar, client: Browser, resources: Resources, settings: Settings, customer: Customer
) -> None:
    await customer.log_in(client)
    await ask(client)
    old, new = await links(resources, settings)
    async with browser(application) as mailbox:
        mailbox.headers["accept-language"] = "en"
        await mailbox.submit(new)
        assert (await mailbox.submit(f"{new}/refusal")).status_code == 410, "only the old one may"
        assert await is_inside(client)
        assert (await mailbox.submit(f"{old}/refusal")).status_code == 303
        assert not await is_inside(client)
        shown = (await mailbox.get(old)).text
        assert "The change is stopped" in shown
        assert 'href="/password-reset"' in shown
        await customer.log_in(client)
        for again in (f"{old}/refusal", old, new):
            await mailbox.submit(again)
        assert await is_inside(client)
    assert await address_of(resources, customer) == customer.email
    assert await outcomes(resources) == [EmailChangeOutcome.REFUSED]
    assert await letters(resources, "email_changed") == []


async def test_an_address_that_is_taken_meanwhile_is_not_taken_over(
    client: Browser, resources: Resources, settings: Settings, customer: Customer
) -> None:
    await customer.log_in(client)
    await ask(client)
    old, new = await links(resources, settings)
    await client.submit(new)
    other = await make_customer(resources.session_maker, name="Başka Şirket")
    async with unit_of_work(resources.session_maker) as session:
        await session.execute(update(User).where(User.id == other.user.id).values(email=NEW.upper()))
    assert (await client.submit(old)).status_code == 303
    assert "The address is taken" in (await client.get(old)).text
    assert await address_of(resources, customer) == customer.email
    assert await outcomes(resources) == [EmailChangeOutcome.TAKEN]
    assert await is_inside(client)
    assert await letters(resources, "email_changed") == []


async def test_an_address_that_was_never_confirmed_has_no_say(
    client: Browser, resources: Resources, settings: Settings
) -> None:
    mistyped = await make_customer(resources.session_maker, language="en", verified=False)
    await mistyped.log_in(client)
    await ask(client)
    assert await letters(resources, "email_change_asked") == []
    (wanted,) = await letters(resources, "email_change_to_confirm")
    await client.submit(link_in(wanted, settings))
    assert await address_of(resources, mistyped) == NEW
    assert [letter.recipient for letter in await letters(resources, "email_changed")] == [NEW]
    assert (await client.submit("/workspaces", name="first")).status_code == 303, "the new one is confirmed"


async def test_an_address_confirmed_while_a_change_waits_has_its_say_again(
    client: Browser, resources: Resources, settings: Settings
) -> None:
    owner = await make_customer(resources.session_maker, language="en", verified=False)
    await owner.log_in(client)
    await ask(client)
    await client.submit(await welcome_link(resources, settings, owner.email))
    (wanted,) = await letters(resources, "email_change_to_confirm")
    await client.submit(link_in(wanted, settings))
    assert await address_of(resources, owner) == owner.email
    await client.submit(f"{HERE}/letters")
    (asked,) = await letters(resources, "email_change_asked")
    await client.submit(link_in(asked, settings))
    assert await address_of(resources, owner) == NEW


async def test_a_new_password_ends_what_the_old_one_has_asked_for(
    client: Browser, resources: Resources, settings: Settings, customer: Customer
) -> None:
    await customer.log_in(client)
    await ask(client)
    old, _ = await links(resources, settings)
    wanted = {"current": PASSWORD, "password": "winter gardens need no clocks"}
    assert (await client.submit("/account/password", **wanted)).status_code == 303
    assert (await client.submit(old)).status_code == 410
    assert await outcomes(resources) == [EmailChangeOutcome.WITHDRAWN]


async def test_a_way_back_in_by_the_mail_of_an_address_ends_with_the_address(
    client: Browser,
    resources: Resources,
    settings: Settings,
    customer: Customer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.domain.people.controllers.password_reset.ANSWER_AFTER", 0.0)
    await client.submit("/password-reset", email=customer.email)
    (letter,) = await letters(resources, "password_reset")
    reset = link_in(letter, settings, "/password-reset/")
    assert (await client.get(reset)).status_code == 200
    await customer.log_in(client)
    await ask(client)
    for link in await links(resources, settings):
        await client.submit(link)
    assert (await client.submit(reset, password="winter gardens need no clocks")).status_code == 410
