"""Support access: an operator in a company's place, for a while, seen by the company, and only looking."""

import re
from datetime import timedelta

import pytest
from litestar import Litestar
from sqlalchemy import select, update

from app.db.models import EmailMessage, Role, User
from app.domain.companies.viewer import Viewer
from app.domain.jobs import Job
from app.domain.people import support
from app.domain.people.support import close, overdue
from app.lib.clock import real_now
from app.lib.events import COME_ANEW
from app.lib.uow import DEFERRED, Deferred, unit_of_work
from app.tasks.context import Resources
from tests import html
from tests.conftest import Browser, browser
from tests.factories import (
    PASSWORD,
    Customer,
    Person,
    add_member,
    add_workspace,
    make_customer,
    make_operator,
)
from tests.http.support_desk import (
    REASON,
    begin,
    looking_at,
    make_older,
    owner_of,
    the_access,
    trail,
)


@pytest.fixture
async def customer(resources: Resources) -> Customer:
    return await make_customer(resources.session_maker, language="en")


@pytest.fixture
async def operator(resources: Resources) -> Person:
    return await make_operator(resources.session_maker, language="en")


@pytest.fixture
async def looking(client: Browser, operator: Person, customer: Customer) -> Browser:
    """An operator's browser in the company's place."""
    return await looking_at(client, operator, customer)


async def test_an_operator_sees_the_company_as_its_owner_does(
    looking: Browser, resources: Resources, customer: Customer
) -> None:
    await add_workspace(resources.session_maker, customer, "shop")
    for path in ("/dashboard", "/workspaces", "/billing", "/company/audit", "/company/support"):
        answer = await looking.get(path)
        assert answer.status_code == 200, path
        assert "You look at Işık Yazılım as support" in answer.text
        assert "Only looking, until" in answer.text
    assert "shop" in (await looking.get("/workspaces")).text
    assert "You look at Işık Yazılım as support" in (await looking.get("/operator/payments")).text


async def test_an_access_ends_by_itself_and_its_end_is_written_down(
    looking: Browser, resources: Resources
) -> None:
    await make_older(resources.session_maker, timedelta(minutes=15))
    answer = await looking.get("/dashboard")
    assert answer.status_code == 403
    assert "Your support access to this company is over." in answer.text
    assert (await looking.get("/operator")).status_code == 200, "they are themselves again"
    access = await the_access(resources.session_maker)
    async with unit_of_work(resources.session_maker) as session:
        assert await overdue(session, at=real_now()) == [access.id]
        await close(session, access.id, at=real_now())
    async with unit_of_work(resources.session_maker) as session:
        assert await overdue(session, at=real_now()) == []
        await close(session, access.id, at=real_now())
    last = (await trail(resources.session_maker))[-1]
    assert (last.action, last.actor, last.at) == ("support.ended", "system", access.ends_at)


async def test_the_company_sees_it_and_ends_it_at_once(
    looking: Browser, application: Litestar, resources: Resources, customer: Customer
) -> None:
    access = await the_access(resources.session_maker)
    async with owner_of(application, customer) as owner:
        dashboard = (await owner.get("/dashboard")).text
        assert "Our support is looking at your company" in dashboard
        assert REASON in dashboard
        assert (await owner.submit(f"/company/support/{access.id}/end")).status_code == 303
        assert "Our support is looking" not in (await owner.get("/dashboard")).text
        assert (await owner.submit(f"/company/support/{access.id}/end")).status_code == 404
        activity = (await owner.get("/company/audit?area=support")).text
        for sentence in ("Our support began to look", "Our support stopped looking", REASON, "Our support"):
            assert sentence in activity
    assert (await looking.get("/dashboard")).status_code == 403


async def test_the_owner_is_written_to(looking: Browser, resources: Resources, customer: Customer) -> None:
    async with resources.session_maker() as session:
        letters = select(EmailMessage).where(EmailMessage.template == "support_began")
        letter = (await session.scalars(letters)).one()
    assert letter.recipient == customer.email
    assert letter.company_id == customer.company.id
    assert letter.context["reason"] == REASON


async def test_who_forbids_it_is_left_alone(
    looking: Browser, application: Litestar, resources: Resources, customer: Customer
) -> None:
    async with owner_of(application, customer) as owner:
        await owner.submit("/company/support")
        activity = (await owner.get("/company/audit")).text
        assert "Whether our support may look was changed" in activity
        assert re.search(r"Support may look</dt><dd><del>Yes</del> → <ins>No</ins>", activity)
    assert (await looking.get("/dashboard")).status_code == 403, "what ran has ended"
    answer = await begin(looking, customer.company.slug)
    assert answer.status_code == 403
    assert "does not allow support access" in html.read(answer.text).sentence_at("company")
    async with owner_of(application, customer) as owner:
        await owner.submit("/company/support", allowed="yes")
    assert (await begin(looking, customer.company.slug)).status_code == 303


async def test_only_the_owner_ends_and_forbids(
    looking: Browser, application: Litestar, resources: Resources, customer: Customer
) -> None:
    access = await the_access(resources.session_maker)
    admin = await add_member(resources.session_maker, customer, Role.ADMIN)
    stranger = await make_customer(resources.session_maker, name="Başka Şirket")
    async with browser(application) as client:
        await admin.log_in(client)
        assert (await client.get("/company/support")).status_code == 200
        assert (await client.submit("/company/support")).status_code == 403
        assert (await client.submit(f"/company/support/{access.id}/end")).status_code == 403
    async with browser(application) as client:
        await stranger.log_in(client)
        assert (await client.submit(f"/company/support/{access.id}/end")).status_code == 404
        assert REASON not in (await client.get("/company/support")).text
        assert "Our support is looking" not in (await client.get("/dashboard")).text
    assert (await the_access(resources.session_maker)).ended_at is None


async def test_nobody_uses_an_access_of_somebody_else(
    looking: Browser, application: Litestar, resources: Resources
) -> None:
    access = await the_access(resources.session_maker)
    colleague = await make_operator(resources.session_maker, language="en")
    async with browser(application) as client:
        await colleague.log_in(client)
        assert (await client.submit(f"/operator/support/{access.id}/end")).status_code == 404
        assert (await client.get("/operator/support/changes")).status_code == 404
        assert (await client.get("/dashboard")).status_code == 403
        session_id = client.cookies["session"]
        # the session as the store has it, with the other's access put in
        store = application.stores.get("sessions")
        data = await store.get(session_id)
        assert data is not None
        forged = data.replace(
            b"}", f',"support":{{"access_id":"{access.id}","company_id":"{access.company_id}"}}}}'.encode()
        )
        await store.set(session_id, forged)
        assert (await client.get("/dashboard")).status_code == 403
    assert (await the_access(resources.session_maker)).ended_at is None


async def test_changes_need_a_reason_and_the_password_and_end_after_ten_minutes(
    looking: Browser, resources: Resources, customer: Customer
) -> None:
    workspace = await add_workspace(resources.session_maker, customer, "shop")
    path, stop = "/operator/support/changes", f"/workspaces/{workspace.id}/session/end"
    wrong = await looking.submit(path, reason=REASON, password="not it at all")
    assert (wrong.status_code, "not your password" in wrong.text) == (422, True)
    assert REASON in wrong.text
    assert "not it at all" not in wrong.text
    short = await looking.submit(path, reason="why", password=PASSWORD)
    assert "Say why in" in html.read(short.text).sentence_at("reason")
    assert (await looking.submit(stop)).status_code == 403
    assert (await looking.submit(path, reason=REASON, password=PASSWORD)).status_code == 303
    assert "Changes allowed until" in (await looking.get("/dashboard")).text
    done = await looking.submit(stop)
    assert done.status_code == 303, done.text
    again = await looking.submit(path, reason=REASON, password=PASSWORD)
    assert (again.status_code, "Changes were allowed once" in again.text) == (409, True)
    await make_older(resources.session_maker, timedelta(minutes=10))
    assert (await looking.submit(stop)).status_code == 403
    assert "Only looking, until" in (await looking.get("/dashboard")).text


async def test_the_trail_says_who_changed_what_and_under_which_access(
    looking: Browser, application: Litestar, resources: Resources, customer: Customer, operator: Person
) -> None:
    workspace = await add_workspace(resources.session_maker, customer, "shop")
    await looking.submit("/operator/support/changes", reason=REASON, password=PASSWORD)
    await looking.submit(f"/workspaces/{workspace.id}/session/end")
    access = await the_access(resources.session_maker)
    await looking.submit(f"/operator/support/{access.id}/end")
    entries = [*await trail(resources.session_maker), *await trail(resources.session_maker, "workspace.stop")]
    assert [entry.action for entry in entries] == [
        "support.began",
        "support.raised",
        "support.ended",
        "workspace.stop_requested",
    ]
    for entry in entries:
        assert (entry.actor, entry.actor_id) == ("operator", operator.user.id)
        assert (entry.company_id, entry.support_access_id) == (customer.company.id, access.id)
    async with owner_of(application, customer) as owner:
        activity = (await owner.get("/company/audit")).text
        assert "A workspace is to stop" in activity
        assert operator.user.full_name not in activity
    found = (await looking.get(f"/operator/audit?access={access.id}")).text
    assert "workspace.stop_requested" in found
    assert operator.user.full_name in found


async def test_logging_out_gives_the_company_back(
    looking: Browser, resources: Resources, operator: Person, customer: Customer
) -> None:
    await looking.submit("/logout")
    assert (await the_access(resources.session_maker)).ended_at is not None
    await operator.log_in(looking)
    assert (await looking.get("/dashboard")).status_code == 403
    assert (await begin(looking, customer.company.slug)).status_code == 303


async def test_the_session_of_an_operator_who_is_none_any_more_sees_nothing(
    looking: Browser, resources: Resources, operator: Person
) -> None:
    async with unit_of_work(resources.session_maker) as session:
        await session.execute(update(User).where(User.id == operator.user.id).values(is_operator=False))
    assert (await looking.get("/dashboard")).status_code == 302


async def test_open_pages_hear_of_the_end(
    looking: Browser, resources: Resources, operator: Person, customer: Customer
) -> None:
    access = await the_access(resources.session_maker)
    viewer = Viewer(operator.user, customer.company, Role.OWNER, None, support=access)
    assert viewer.looks_until == access.ends_at, "a stream lasts no longer than its access"
    async with resources.session_maker() as session:
        await support.end_own(session, operator.user, access.id, at=real_now())
        told = Deferred(Job.ANNOUNCE, arguments={"company_id": str(customer.company.id), "event": COME_ANEW})
        assert session.info[DEFERRED] == [told]
