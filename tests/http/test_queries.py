"""Pages ask the database a fixed number of times, however much there is to show."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from litestar import Litestar
from sqlalchemy import Engine, event

from app.db.models import DifferenceCause
from app.domain.billing.reconciliation.book import day_of
from app.domain.billing.reconciliation.rules import Difference
from app.domain.billing.refunds.service import request_refund
from app.lib.clock import now
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.conftest import Browser, browser
from tests.domain.billing.books import add_run
from tests.factories import (
    Customer,
    add_case,
    add_workspace,
    callback_form,
    make_customer,
    make_operator,
    pay,
    send_callback,
    start_checkout,
)

MANY = 50
LIMIT = 3
LIMITS = {"/dashboard": LIMIT, "/billing": LIMIT, "/workspaces": LIMIT, "/company/audit": LIMIT}
YESTERDAY = day_of(now()) - timedelta(days=1)
OPERATORS_PAGES = {
    "/operator": 6,
    "/operator/cases": 2,
    "/operator/payments": 2,
    "/operator/reconciliation": 3,
    "/operator/ledger": 5,
    "a case": 8,
    "a payment": 6,
    "a day": 6,
}
"""Who looks is one question; a file about one thing asks once for each kind of row that belongs to it."""


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the statements that are sent, through whatever pool."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def payments(resources: Resources, customer: Customer, number: int) -> None:
    for _ in range(number):
        await pay(resources.session_maker, customer, resources.settings)


async def workspaces(resources: Resources, customer: Customer, number: int) -> None:
    for index in range(number):
        await add_workspace(resources.session_maker, customer, f"ws-{index}")


async def both(resources: Resources, customer: Customer, number: int) -> None:
    await payments(resources, customer, number)
    await workspaces(resources, customer, number)


async def queries_for(resources: Resources, client: Browser, path: str) -> list[str]:
    """Return what a page asks once everything that is kept has been kept."""
    await client.get(path)
    with counted() as statements:
        answer = await client.get(path)
    assert answer.status_code == 200
    return statements


@pytest.mark.parametrize(
    ("path", "fill"),
    [("/dashboard", both), ("/billing", payments), ("/workspaces", workspaces), ("/company/audit", both)],
)
async def test_a_page_asks_as_often_with_one_row_as_with_fifty(
    resources: Resources,
    application: Litestar,
    path: str,
    fill: Callable[[Resources, Customer, int], Awaitable[None]],
) -> None:
    asked = {}
    for number in (1, MANY):
        customer = await make_customer(resources.session_maker, name=f"Şirket {number}")
        await fill(resources, customer, number)
        async with browser(application) as client:
            await customer.log_in(client)
            asked[number] = await queries_for(resources, client, path)
    assert len(asked[1]) <= LIMITS[path], asked[1]
    assert len(asked[MANY]) == len(asked[1])


async def test_a_workspaces_page_asks_three_times_at_most(resources: Resources, client: Browser) -> None:
    customer = await make_customer(resources.session_maker)
    workspace = await add_workspace(resources.session_maker, customer, "shop")
    await workspaces(resources, customer, 10)
    await customer.log_in(client)
    asked = await queries_for(resources, client, f"/workspaces/{workspace.id}")
    assert len(asked) <= LIMIT, asked


async def fill_the_desk(resources: Resources, number: int) -> dict[str, str]:
    """Let payments, refunds, cases and compared days happen; return the pages of one of each."""
    customer = await make_customer(resources.session_maker)
    before = now() - timedelta(days=2)
    payment = (await pay(resources.session_maker, customer, resources.settings, at=before)).payment
    case_id = await add_case(resources.session_maker, payment)
    for index in range(number):
        await pay(resources.session_maker, customer, resources.settings)
        await add_case(resources.session_maker, payment, subject=f"TZG{index}")
        await add_run(resources.session_maker, YESTERDAY, differences=[missing(index)] * number)
        async with unit_of_work(resources.session_maker) as session:
            await request_refund(
                session, payment.id, amount=100, reason="Asked", requested_by_id=None, at=now()
            )
    day = YESTERDAY.isoformat()
    return {
        "/operator": "/operator",
        "/operator/cases": "/operator/cases",
        "/operator/payments": "/operator/payments",
        "/operator/reconciliation": "/operator/reconciliation",
        "/operator/ledger": "/operator/ledger",
        "a case": f"/operator/cases/{case_id}",
        "a payment": f"/operator/payments/{payment.merchant_oid}",
        "a day": f"/operator/reconciliation/{day}",
    }


def missing(index: int) -> Difference:
    return Difference(
        cause=DifferenceCause.MISSING_HERE,
        kind="sale",
        currency="TRY",
        ours=None,
        theirs=100,
        merchant_oid=f"TZG{index}",
    )


async def test_the_operators_pages_ask_no_more_often_for_much_than_for_little(
    resources: Resources, client: Browser
) -> None:
    await (await make_operator(resources.session_maker)).log_in(client)
    asked: list[dict[str, int]] = []
    for number in (1, 10):
        pages = await fill_the_desk(resources, number)
        asked.append({name: len(await queries_for(resources, client, path)) for name, path in pages.items()})
    assert asked[0] == asked[1]
    assert asked[1] == OPERATORS_PAGES


async def test_the_public_pages_ask_once(resources: Resources, client: Browser) -> None:
    for path in ("/", "/pricing"):
        assert len(await queries_for(resources, client, path)) == 1


async def test_a_repeated_callback_asks_once_and_opens_no_transaction(
    resources: Resources, client: Browser
) -> None:
    customer = await make_customer(resources.session_maker)
    checkout = await start_checkout(resources.session_maker, customer)
    form = callback_form(checkout.payment.merchant_oid, checkout.payment.amount)
    await send_callback(client, form)
    with counted() as statements:
        assert (await send_callback(client, form)).content == b"OK"
    assert statements == []  # the one read goes past SQLAlchemy, straight to the driver
