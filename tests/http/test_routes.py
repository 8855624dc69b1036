"""Every route answers each kind of person as the table says (route_table.py)."""

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from app.tasks.context import Resources
from tests.conftest import Browser, browser
from tests.factories import make_customer
from tests.http.route_table import (
    EVERY_KIND,
    FORMS,
    MACHINE_METHODS,
    STREAMS,
    TABLE,
    WAITS_FOR_CONFIRMATION,
    expected,
)
from tests.http.route_world import build_world, first_status, person


def registered(application: Litestar) -> set[tuple[str, str]]:
    """Return every method and path the application answers, but what Litestar adds by itself."""
    return {
        (str(method), route.path)
        for route in application.routes
        if isinstance(route, HTTPRoute)
        for method in route.route_handler_map
        if method in MACHINE_METHODS
    }


async def test_the_table_names_every_route_and_no_other(application: Litestar) -> None:
    assert set(TABLE) == registered(application)


async def test_what_waits_for_a_confirmed_address_says_so_on_its_handler(application: Litestar) -> None:
    marked = {
        (str(method), route.path)
        for route in application.routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if handler.opt.get("for_verified")
    }
    assert marked - {("OPTIONS", path) for _, path in marked} == WAITS_FOR_CONFIRMATION


@pytest.mark.parametrize("who", EVERY_KIND)
async def test_every_route_answers_each_person_as_the_table_says(
    resources: Resources, application: Litestar, who: str
) -> None:
    world = await build_world(resources)
    somebody = await person(resources, world.customer, who)
    wrong = {}
    async with browser(application) as client:
        if somebody:
            await somebody.log_in(client)
        for (method, path), row in TABLE.items():
            wanted = expected((method, path), row, who)
            address = world.address(method, path)
            if path in STREAMS:
                status = await first_status(application, client, address)
            elif method == "GET":
                status = (await client.get(address)).status_code
            else:
                fields = FORMS.get((method, path), {})
                status = (await client.request_form(method, address, fields)).status_code
            if status != wanted:
                wrong[f"{method} {path}"] = f"{status} instead of {wanted}"
    assert wrong == {}


async def test_unknown_ids_are_not_found_and_odd_ones_neither(resources: Resources, client: Browser) -> None:
    customer = await make_customer(resources.session_maker)
    await customer.log_in(client)
    nowhere = "0199c0de-0000-7000-8000-000000000000"
    for path in (
        f"/workspaces/{nowhere}",
        "/workspaces/not-an-id",
        "/workspaces/open/nothing--there",
        "/invoices/TZG2026000000099.pdf",
        "/invoices/..%2f..%2fetc%2fpasswd",
        "/billing/payments/TZGNOBODY",
        "/billing/invoices/TZG2026000000099/explanation",
        "/billing/return/ok",
        "/legal/nothing",
    ):
        assert (await client.get(path)).status_code == 404, path


async def test_a_refused_workspace_name_comes_back_on_the_list(resources: Resources, client: Browser) -> None:
    customer = await make_customer(resources.session_maker)
    await customer.log_in(client)
    answer = await client.submit("/workspaces", name="Not A Name")
    assert answer.status_code == 422
    assert 'value="Not A Name"' in answer.text
