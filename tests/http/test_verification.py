"""Confirming an address: what waits for it, and that nothing but a press behind its link does it."""

import re
from datetime import timedelta

import pytest
from litestar import Litestar
from sqlalchemy import func, select

from app.db.models import AuditEntry, EmailMessage, User, Workspace, WorkspaceStatus
from app.domain.accounts.limits import VERIFICATION_OF_ACCOUNT
from app.domain.accounts.verification import NotVerified
from app.domain.notifications.rendering import render_email
from app.domain.people.verification import GOOD_FOR, PATH, PURPOSE, send_link, verification_link
from app.domain.workspaces import service
from app.lib.clock import now, real_now
from app.lib.crypto import seal
from app.lib.settings import Settings
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests import html
from tests.conftest import Browser, browser
from tests.factories import Customer, add_workspace, make_customer, make_operator
from tests.http.test_registration import FORM

RESEND = "/account/email/verification"


@pytest.fixture
async def customer(resources: Resources) -> Customer:
    return await make_customer(resources.session_maker, language="en", verified=False)


async def letters(resources: Resources, template: str) -> list[EmailMessage]:
    async with resources.session_maker() as session:
        found = select(EmailMessage).where(EmailMessage.template == template).order_by(EmailMessage.id)
        return list(await session.scalars(found))


def link_in(letter: EmailMessage, settings: Settings, path: str = "/email-[a-z]+/") -> str:
    """Return the path of the link that a letter has."""
    written = render_email(letter.template, letter.language, letter.context, settings)
    link = re.search(rf"{path}\S+", written.text)
    assert link is not None
    assert link[0] in written.html
    return link[0]


async def welcome_link(resources: Resources, settings: Settings, email: str) -> str:
    (letter,) = [one for one in await letters(resources, "welcome") if one.recipient == email]
    return link_in(letter, settings)


async def verified_at(resources: Resources, customer: Customer) -> object:
    async with resources.session_maker() as session:
        return await session.scalar(select(User.email_verified_at).where(User.id == customer.user.id))


async def test_the_welcome_letter_confirms_the_address_from_any_device_by_one_press(
    application: Litestar, client: Browser, resources: Resources, settings: Settings
) -> None:
    client.headers["accept-language"] = "en"
    await client.submit("/register", **FORM)
    assert "Confirm your e-mail address" in (await client.get("/dashboard")).text
    assert (await client.submit("/workspaces", name="first")).status_code == 403
    link = await welcome_link(resources, settings, FORM["email"])
    async with browser(application) as phone:
        phone.headers["accept-language"] = "en"
        for _ in range(2):  # whatever looks at mail before its reader only opens links
            assert (await phone.get(link)).status_code == 200
        assert (await client.submit("/workspaces", name="first")).status_code == 403
        answer = await phone.submit(link)
        assert (answer.status_code, answer.headers["location"]) == (303, link)
        again = await phone.submit(link)
        assert again.status_code == 303
        shown = (await phone.get(link)).text
        assert "Your address is confirmed" in shown
        assert "<form" not in shown.partition("<main")[2].partition("</main>")[0]
        assert (await phone.get("/dashboard")).status_code == 302, "a link is no login"
    assert (await client.submit("/workspaces", name="first")).status_code == 303
    assert "Confirm your e-mail address" not in (await client.get("/dashboard")).text
    async with resources.session_maker() as session:
        noted = select(func.count()).where(AuditEntry.action == "account.email_verified")
        assert await session.scalar(noted) == 1


async def test_until_then_everything_is_seen_and_paid_and_workspaces_wait(
    client: Browser, resources: Resources, settings: Settings, customer: Customer
) -> None:
    workspace = await add_workspace(resources.session_maker, customer, "shop", WorkspaceStatus.STOPPED)
    await customer.log_in(client)
    for path in ("/dashboard", "/billing", "/company/audit", "/account", "/account/email"):
        assert (await client.get(path)).status_code == 200, path
    assert (await client.submit("/billing/checkout", plan="team", interval="month")).status_code == 200
    for path in ("/workspaces", f"/workspaces/{workspace.id}"):
        shown = (await client.get(path)).text
        assert "Confirm your e-mail address first" in shown
        assert f'action="{RESEND}"' in shown
        assert 'action="/workspaces"' not in shown
        assert f'action="/workspaces/{workspace.id}/session"' not in shown
    link = await welcome_link(resources, settings, customer.email)
    await client.submit(link)
    assert (await client.submit(f"/workspaces/{workspace.id}/session")).status_code == 303


async def test_what_must_wait_is_refused_with_the_way_on_and_loses_nothing_typed(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    workspace = await add_workspace(resources.session_maker, customer, "shop", WorkspaceStatus.STOPPED)
    await customer.log_in(client)
    for path in ("/workspaces", f"/workspaces/{workspace.id}/session"):
        refused = await client.submit(path, name="first")
        assert refused.status_code == 403
        assert "Confirm your e-mail address first" in refused.text
        assert f'action="{RESEND}"' in refused.text
        toast = await client.post(
            path,
            data={"name": "first"},
            headers={"hx-request": "true", "x-csrftoken": client.cookies["csrf"]},
        )
        assert (toast.status_code, toast.headers["hx-reswap"]) == (403, "none")
        assert customer.email in toast.text
        assert f'hx-post="{RESEND}"' in toast.text
    async with resources.session_maker() as session:
        assert list(await session.scalars(select(Workspace.status))) == [WorkspaceStatus.STOPPED]


async def test_no_other_path_creates_or_starts_a_workspace_either(
    resources: Resources, customer: Customer
) -> None:
    shop = await add_workspace(resources.session_maker, customer, "shop", WorkspaceStatus.STOPPED)
    async with resources.session_maker() as session:
        viewer = await customer.viewer(session)
        with pytest.raises(NotVerified):
            await service.create_workspace(session, viewer, name="first", driver="fake", at=now())
        with pytest.raises(NotVerified):
            await service.start_workspace(session, viewer, shop, at=now())


async def test_a_link_is_good_for_three_days_and_for_the_address_it_went_to(
    client: Browser, resources: Resources, settings: Settings, customer: Customer
) -> None:
    link = verification_link(customer.user, at=real_now())
    late = seal(settings.keys, PURPOSE, link.value, expires_at=real_now() - timedelta(seconds=1))
    foreign = seal(settings.keys, "password-reset", link.value, expires_at=link.expires_at)
    good = seal(settings.keys, PURPOSE, link.value, expires_at=link.expires_at)
    assert timedelta(0) < link.expires_at - real_now() <= GOOD_FOR == timedelta(days=3)
    for token in (late, foreign, good[:-1], "nothing"):
        for answer in (await client.get(f"{PATH}/{token}"), await client.submit(f"{PATH}/{token}")):
            assert answer.status_code == 410
    async with unit_of_work(resources.session_maker) as session:
        (await session.get_one(User, customer.user.id)).email = "elsewhere@example.com"
    assert (await client.submit(f"{PATH}/{good}")).status_code == 410
    assert await verified_at(resources, customer) is None


async def test_the_link_of_somebody_else_confirms_their_address_and_not_mine(
    client: Browser, resources: Resources, settings: Settings, customer: Customer
) -> None:
    other = await make_customer(resources.session_maker, name="Başka Şirket", verified=False)
    await customer.log_in(client)
    await client.submit(await welcome_link(resources, settings, other.email))
    assert await verified_at(resources, customer) is None
    assert await verified_at(resources, other) is not None


async def test_the_letter_is_sent_again_and_what_is_typed_stays(
    client: Browser, resources: Resources, settings: Settings, customer: Customer
) -> None:
    await customer.log_in(client)
    answer = await client.submit(RESEND)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account/email?sent=true")
    assert "The letter is on its way" in (await client.get("/account/email?sent=true")).text
    client.headers.update({"hx-request": "true", "x-csrftoken": client.cookies["csrf"]})
    note = await client.post(RESEND)
    assert note.status_code == 200
    assert customer.email in note.text
    assert "<html" not in note.text
    link = link_in((await letters(resources, "email_verification"))[-1], settings)
    del client.headers["hx-request"]
    assert (await client.submit(link)).status_code == 303
    assert await verified_at(resources, customer) is not None


async def test_one_letter_goes_in_two_minutes_and_none_to_a_confirmed_address(
    resources: Resources, customer: Customer
) -> None:
    at = real_now()
    confirmed = await make_customer(resources.session_maker)
    async with unit_of_work(resources.session_maker) as session:
        for user in (customer.user, customer.user, confirmed.user):
            await send_link(session, user, at=at)
    assert [one.recipient for one in await letters(resources, "email_verification")] == [customer.email]


async def test_letters_are_not_sent_without_end(client: Browser, customer: Customer) -> None:
    await customer.log_in(client)
    answers = [await client.submit(RESEND) for _ in range(VERIFICATION_OF_ACCOUNT.times + 1)]
    assert [one.status_code for one in answers] == [303] * VERIFICATION_OF_ACCOUNT.times + [429]
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_a_password_chosen_by_a_letter_confirms_the_address_too(
    client: Browser,
    resources: Resources,
    settings: Settings,
    customer: Customer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.domain.people.controllers.password_reset.ANSWER_AFTER", 0.0)
    await client.submit("/password-reset", email=customer.email)
    (letter,) = await letters(resources, "password_reset")
    link = link_in(letter, settings, "/password-reset/")
    assert (await client.submit(link, password="short")).status_code == 422
    assert await verified_at(resources, customer) is None
    assert (await client.submit(link, password="winter gardens need no clocks")).status_code == 303
    assert await verified_at(resources, customer) is not None


async def test_operators_are_made_by_somebody_who_knows_them(resources: Resources) -> None:
    operator = await make_operator(resources.session_maker)
    assert operator.user.email_verified_at is not None


async def test_a_page_behind_a_link_tells_no_other_site_where_it_was(
    client: Browser, customer: Customer
) -> None:
    answer = await client.get(f"{PATH}/nothing")
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert not list(html.read(answer.text).named("email"))
