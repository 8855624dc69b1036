"""A second factor that a company requires of its people, and the service of its operators."""

import asyncio

import pytest
from litestar import Litestar
from sqlalchemy import select

from app.db.models import AuditEntry, Company, Role
from app.domain.jobs import Queue
from app.domain.workspaces import edge
from app.lib.clock import now
from app.lib.events import channel_of
from app.lib.uow import unit_of_work
from app.server.core import build_application
from app.tasks.context import Resources
from tests.conftest import Browser, browser, msgspec_replace
from tests.factories import PASSWORD, Customer, add_member, add_workspace, make_customer, make_operator
from tests.two_factor import Phone, give_phone
from tests.waiting import until
from tests.worker import drain

PAGE = "/account/two-factor"
SWITCH = "/company/security"


@pytest.fixture
async def customer(resources: Resources) -> Customer:
    return await make_customer(resources.session_maker, language="en")


async def require(resources: Resources, customer: Customer) -> None:
    """Let the company require it already."""
    async with unit_of_work(resources.session_maker) as session:
        company = await session.get_one(Company, customer.company.id)
        company.requires_two_factor = True


async def log_in(client: Browser, person: Customer, phone: Phone) -> None:
    await client.submit("/login", email=person.email, password=PASSWORD)
    assert (await client.submit("/login/code", code=phone.code())).status_code == 303


async def test_the_owner_requires_it_of_everybody_once_they_have_it_themselves(
    application: Litestar, client: Browser, resources: Resources, customer: Customer
) -> None:
    await customer.log_in(client)
    refused = await client.submit(SWITCH, required="true")
    assert refused.status_code == 409
    assert "Set it up for yourself first" in refused.text
    phone = await give_phone(resources, customer.user)
    await log_in(client, customer, phone)
    member = await add_member(resources.session_maker, customer, Role.DEVELOPER)
    async with browser(application) as theirs:
        await member.log_in(theirs)
        assert (await theirs.get("/workspaces")).status_code == 200
        assert "Deniz Er" in (await client.get(SWITCH)).text
        for _ in range(2):
            answer = await client.submit(SWITCH, required="true")
            assert answer.headers["location"] == f"{SWITCH}?saved=true"
        assert (await client.get("/dashboard")).status_code == 200
        assert (await theirs.get("/workspaces")).headers["location"] == PAGE
        await client.submit(SWITCH, required="false")
        assert (await theirs.get("/workspaces")).status_code == 200
    async with resources.session_maker() as session:
        found = select(AuditEntry.action).where(AuditEntry.action.startswith("company.two_factor"))
        told = list(await session.scalars(found.order_by(AuditEntry.id)))
    assert told == ["company.two_factor_required", "company.two_factor_optional"]
    trail = await client.get("/company/audit")
    assert "Everybody needs a second factor now" in trail.text


@pytest.mark.parametrize("role", [Role.ADMIN, Role.BILLING, Role.DEVELOPER])
async def test_nobody_but_the_owner_has_the_switch(
    client: Browser, resources: Resources, customer: Customer, role: Role
) -> None:
    member = await add_member(resources.session_maker, customer, role)
    await member.log_in(client)
    assert (await client.get(SWITCH)).status_code == 403
    assert (await client.submit(SWITCH, required="true")).status_code == 403


async def test_whoever_lacks_it_is_led_to_set_it_up_and_finds_all_else_of_the_company_closed(
    application: Litestar, client: Browser, resources: Resources, customer: Customer
) -> None:
    workspace = await add_workspace(resources.session_maker, customer, "mine")
    entry = edge.Pass(workspace.id, customer.user.id, customer.user.session_epoch)
    label = f"mine--{customer.company.slug}"
    async with resources.session_maker() as session:
        assert await edge.require_entry(session, entry, label, now())
    await customer.log_in(client)
    await require(resources, customer)
    for path in (
        "/dashboard",
        "/billing",
        "/account",
        "/account/sessions",
        f"/workspaces/{workspace.id}/open",
    ):
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, PAGE), path
    answer = await client.submit("/workspaces", name="another")
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    swapped = await client.get("/dashboard", headers={"hx-request": "true"})
    assert (swapped.status_code, swapped.headers["hx-redirect"], swapped.text) == (200, PAGE, "null")
    stream = await client.get("/events", headers={"accept": "text/event-stream"})
    assert (stream.status_code, stream.headers["location"]) == (303, PAGE)
    back = await client.get("/billing/return/ok?oid=TZGANY")
    assert "sse-connect" not in back.text
    why = await client.get(PAGE)
    assert "requires a second factor of everybody" in why.text
    assert 'sse-connect="/events"' not in why.text
    assert (await client.get("/login")).headers["location"] == "/dashboard"
    other = await make_customer(resources.session_maker)
    async with browser(application) as elsewhere:
        await other.log_in(elsewhere)
        assert (await elsewhere.get("/dashboard")).status_code == 200
    async with resources.session_maker() as session:
        with pytest.raises(edge.NoPass):
            await edge.require_entry(session, entry, label, now())
    assert (await client.submit("/logout")).headers["location"] == "/login"


async def test_open_streams_of_the_company_end_when_the_switch_is_turned(
    application: Litestar, client: Browser, resources: Resources, customer: Customer
) -> None:
    phone = await give_phone(resources, customer.user)
    await log_in(client, customer, phone)
    stream = asyncio.create_task(client.get("/events"))
    channel = channel_of(customer.company.id)

    async def listens() -> bool:
        return dict(await resources.redis.pubsub_numsub(channel))[channel] > 0

    async with browser(application) as other:
        other.cookies.update(client.cookies)
        await until(listens)
        await other.submit(SWITCH, required="true")
        await drain(resources, Queue.BILLING)
        assert (await asyncio.wait_for(stream, 10)).status_code == 200


async def test_what_is_required_cannot_be_switched_off(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    phone = await give_phone(resources, customer.user)
    await log_in(client, customer, phone)
    await require(resources, customer)
    assert f"{PAGE}/removal" not in (await client.get(PAGE)).text
    fields = {"password": PASSWORD, "code": phone.recovery_codes[0]}
    refused = await client.submit(f"{PAGE}/removal", **fields)
    assert refused.status_code == 409
    assert "your company requires it of everybody" in refused.text
    assert (await client.submit(f"{PAGE}/recovery-codes", **fields)).status_code == 200


async def test_the_console_opens_to_operators_with_a_second_factor_where_that_is_set(
    resources: Resources,
) -> None:
    operator = await make_operator(resources.session_maker, language="en")
    settings = msgspec_replace(resources.settings, operators_require_two_factor="true")
    application = build_application(settings, resources, owns_resources=False)
    async with application.lifespan(), browser(application) as client:
        await operator.log_in(client)
        for path in ("/operator", "/operator/payments"):
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
        assert "Operators need a second factor" in (await client.get(PAGE)).text
        phone = await give_phone(resources, operator.user)
        answer = await client.submit("/login", email=operator.email, password=PASSWORD)
        assert answer.headers["location"] == "/login/code"
        assert (await client.submit("/login/code", code=phone.code())).headers["location"] == "/operator"
        assert (await client.get("/operator")).status_code == 200
        fields = {"password": PASSWORD, "code": phone.recovery_codes[0]}
        assert (await client.submit(f"{PAGE}/removal", **fields)).status_code == 409


async def test_an_operator_may_have_one_where_none_is_required(client: Browser, resources: Resources) -> None:
    operator = await make_operator(resources.session_maker, language="en")
    await operator.log_in(client)
    assert (await client.get("/operator")).status_code == 200
    page = await client.submit(f"{PAGE}/setup", password=PASSWORD)
    assert page.status_code == 200
    phone = await give_phone(resources, operator.user)
    await client.submit("/login", email=operator.email, password=PASSWORD)
    assert (await client.submit("/login/code", code=phone.code())).headers["location"] == "/operator"
    fields = {"password": PASSWORD, "code": phone.recovery_codes[0]}
    assert (await client.submit(f"{PAGE}/recovery-codes", **fields)).status_code == 200
    made = {"password": PASSWORD, "code": phone.code(steps=1)}
    assert (await client.submit(f"{PAGE}/removal", **made)).status_code == 303
    assert (await client.get("/operator")).status_code == 200
