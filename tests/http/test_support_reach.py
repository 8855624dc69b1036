"""How far support access reaches: every route was decided upon, and what is closed stays closed."""

import pytest
from litestar import Litestar

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
from app.tasks.context import Resources
from tests.conftest import Browser
from tests.factories import PASSWORD, Customer, Person, add_workspace, make_customer, make_operator
from tests.http.support_desk import REASON, address_of, looking_at, routes


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
