"""Support access: an operator in a company's place, for a while, seen by the company, and only looking."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import AuditEntry, EmailMessage, Role, SupportAccess, User
from app.domain.ops.support.reach import (
    ALWAYS,
    CHANGED,
    CLOSED,
    CLOSED_WHOLE,
    LOOKING_ONLY,
    NOT_RAISED,
    READS,
    SEEN,
)
from app.domain.people.support import close, overdue
from app.lib.clock import real_now
from app.lib.uow import unit_of_work
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

REASON = "A workspace does not open, ticket 4711"
NOWHERE = "0199c0de-0000-7000-8000-000000000000"


@pytest.fixture
async def customer(resources: Resources) -> Customer:
    return await make_customer(resources.session_maker, language="en")


@pytest.fixture
async def operator(resources: Resources) -> Person:
    return await make_operator(resources.session_maker, language="en")


@pytest.fixture
async def looking(client: Browser, operator: Person, customer: Customer) -> Browser:
    """An operator's browser in the company's place."""
    await operator.log_in(client)
    answer = await begin(client, customer.company.slug)
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == "/dashboard"
    return client


async def begin(client: Browser, company: str, *, reason: str = REASON, minutes: str = "15"):  # type: ignore[no-untyped-def]
    return await client.submit("/operator/support", company=company, reason=reason, minutes=minutes)


@asynccontextmanager
async def owner_of(application: Litestar, customer: Customer) -> AsyncIterator[Browser]:
    """The owner's browser."""
    async with browser(application, address="203.0.113.8") as owner:
        yield await customer.log_in(owner)


async def the_access(session_maker: async_sessionmaker[AsyncSession]) -> SupportAccess:
    async with session_maker() as session:
        return (await session.scalars(select(SupportAccess))).one()


async def trail(
    session_maker: async_sessionmaker[AsyncSession], prefix: str = "support."
) -> list[AuditEntry]:
    async with session_maker() as session:
        wanted = select(AuditEntry).where(AuditEntry.action.startswith(prefix))
        return list(await session.scalars(wanted.order_by(AuditEntry.id)))


async def make_older(session_maker: async_sessionmaker[AsyncSession], by: timedelta) -> None:
    """Let the only access have begun, and been raised, that much earlier."""
    statement = update(SupportAccess).values(
        began_at=SupportAccess.began_at - by,
        ends_at=SupportAccess.ends_at - by,
        raised_at=SupportAccess.raised_at - by,
    )
    async with unit_of_work(session_maker) as session:
        await session.execute(statement)


def address_of(path: str) -> str:
    """Return an address of a route that names nothing there is."""
    named = {"day": "2026-11-22", "result": "ok", "label": "x--y", "token": "x"}
    return re.sub(r"\{(\w+)\}", lambda found: named.get(found[1], NOWHERE), path)


def routes(application: Litestar) -> dict[str, bool]:
    """Return every address that somebody who is logged in may ask for, and whether it is the console's."""
    return {
        f"{method} {route.path_format}": bool(handler.opt.get("for_operators"))
        for route in application.routes
        if isinstance(route, HTTPRoute)
        for method, handler in (
            (str(method), found[0] if isinstance(found, tuple) else found)
            for method, found in route.route_handler_map.items()
        )
        if method != "OPTIONS"
        and not (handler.opt.get("exclude_from_auth") or handler.opt.get("skip_session"))
    }


async def test_every_route_of_a_company_was_decided_upon(web: Litestar) -> None:
    company = {route for route, is_console in routes(web).items() if not is_console}
    whole = {
        route
        for route in company
        if f"{route.split(' ')[1]}/".startswith(tuple(f"{one}/" for one in CLOSED_WHOLE))
    }
    decided = [
        *(f"GET {path}" for path in SEEN),
        *CHANGED,
        *(route for group in CLOSED.values() for route in group),
    ]
    assert len(decided) == len(set(decided)), "each on one list alone"
    assert whole.isdisjoint(decided)
    undecided = company - whole - set(decided)
    assert undecided == set(), "decide how far support reaches: domain/ops/support/reach.py"
    assert set(decided) - company == {"GET /billing/return/{result}"}, "which is public; others are no routes"


def test_what_is_never_supports_is_on_no_list_that_opens() -> None:
    opened = [*(f"GET {path}" for path in SEEN), *CHANGED]
    for word in (
        "/account",
        "/open",
        "/checkout",
        "/cards/new",
        "/default",
        "/removal",
        "/deletion",
        "/export",
    ):
        assert [route for route in opened if word in route] == []


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


async def test_everything_that_changes_is_refused_while_only_looking(
    looking: Browser, application: Litestar
) -> None:
    tried = 0
    for route in routes(application) | {"POST /preferences": False, "POST /login": False}:
        method, path = route.split(" ", 1)
        if method in READS or route in ALWAYS:
            continue
        answer = await looking.request_form(method, address_of(path), {})
        assert answer.status_code == 403, route
        told = (LOOKING_ONLY, NOT_RAISED, *CLOSED, *CLOSED_WHOLE.values())
        assert any(sentence.replace("'", "&#39;") in answer.text for sentence in told), route
        tried += 1
    assert tried > 40


async def test_what_stays_closed_stays_closed_with_changes_allowed(
    looking: Browser, resources: Resources, customer: Customer
) -> None:
    workspace = await add_workspace(resources.session_maker, customer, "shop")
    await looking.submit("/operator/support/changes", reason=REASON, password=PASSWORD)
    for group in CLOSED.values():
        for route in group:
            method, path = route.split(" ", 1)
            address = address_of(path.replace("{workspace_id}", str(workspace.id)))
            answer = await (
                looking.get(address) if method == "GET" else looking.request_form(method, address, {})
            )
            assert answer.status_code == 403, route


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


async def test_one_at_a_time_also_when_two_begin_at_once(
    looking: Browser, application: Litestar, resources: Resources, operator: Person
) -> None:
    other = await make_customer(resources.session_maker, name="Başka Şirket")
    async with browser(application) as elsewhere:
        await operator.log_in(elsewhere)
        answer = await begin(elsewhere, other.company.slug)
        assert answer.status_code == 409
        assert "You look at a company already" in answer.text
        assert (await elsewhere.get("/dashboard")).status_code == 403, "another browser looks at nothing"
    at = real_now()
    with pytest.raises(IntegrityError, match="uq_support_accesses_running"):
        async with unit_of_work(resources.session_maker) as session:
            session.add(
                SupportAccess(
                    company_id=other.company.id,
                    operator_id=operator.user.id,
                    reason=REASON,
                    began_at=at,
                    ends_at=at + timedelta(minutes=1),
                )
            )


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
        kept = (
            resources.redis.connection_pool
        )  # the session as the store has it, with the other's access put in
        assert kept is not None
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


async def test_a_company_is_found_by_what_it_quotes_and_by_nothing_less(
    client: Browser, resources: Resources, operator: Person, customer: Customer
) -> None:
    twin = await make_customer(resources.session_maker, name="İkiz")
    await operator.log_in(client)
    for quoted, sentence in (
        ("isik", "No company is known by this"),
        ("%", "No company is known by this"),
        ("", "No company is known by this"),
    ):
        answer = await begin(client, quoted)
        assert answer.status_code == 422
        assert sentence in html.read(answer.text).sentence_at("company")
    for fields, field in (
        ({"reason": "x"}, "reason"),
        ({"minutes": "240"}, "minutes"),
        ({"minutes": "x"}, "minutes"),
    ):
        answer = await begin(client, twin.company.slug, **fields)
        assert html.read(answer.text).sentence_at(field)
    answer = await begin(client, customer.email.upper())
    assert answer.status_code == 303
    assert (await the_access(resources.session_maker)).company_id == customer.company.id


async def test_the_longest_time_is_the_databases_business_too(
    resources: Resources, operator: Person, customer: Customer
) -> None:
    at = real_now()
    values = {"company_id": customer.company.id, "operator_id": operator.user.id, "began_at": at}
    for broken in (
        {"ends_at": at + timedelta(minutes=61), "reason": REASON},
        {"ends_at": at + timedelta(minutes=15), "reason": "  "},
        {"ends_at": at + timedelta(minutes=15), "reason": REASON, "raised_at": at},
    ):
        with pytest.raises(IntegrityError, match="ck_support_accesses"):
            async with unit_of_work(resources.session_maker) as session:
                session.add(SupportAccess(**values, **broken))
