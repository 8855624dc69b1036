"""A stranger on every page, while every query that is sent forgets which company it is about."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from litestar import Litestar
from sqlalchemy import Engine, event

from app.domain.billing.views import payment_of
from app.tasks.context import Resources
from tests.conftest import browser
from tests.factories import make_customer
from tests.http.route_table import PEOPLE, STREAMS, TABLE
from tests.http.route_world import build_world, first_status

COMPANY_CONDITION = re.compile(r"\b(?:\w+\.)?company_id = \$\d+::UUID")


@contextmanager
def forgetful_queries() -> Iterator[list[str]]:
    """Let every query that is sent forget which company it is about; collects those that did."""
    forgot: list[str] = []

    def forget(*arguments: Any) -> tuple[str, Any]:
        statement, parameters = arguments[2], arguments[3]
        wrong = COMPANY_CONDITION.sub(lambda found: f"({found[0]} OR true)", statement)
        if wrong != statement:
            forgot.append(wrong)
        return wrong, parameters

    event.listen(Engine, "before_cursor_execute", forget, retval=True)
    try:
        yield forgot
    finally:
        event.remove(Engine, "before_cursor_execute", forget)


async def test_with_every_query_forgetting_its_company_a_stranger_finds_nothing(
    resources: Resources, application: Litestar
) -> None:
    world = await build_world(resources)
    stranger = await make_customer(resources.session_maker, name="Başka Şirket")
    wrong = {}
    async with browser(application) as client:
        await stranger.log_in(client)
        with forgetful_queries() as forgot:
            async with resources.session_maker() as session:  # the owner's, before whom there is no wall
                assert await payment_of(session, stranger.company.id, world.known["merchant_oid:str"])
            for (method, path), row in TABLE.items():
                if method != "GET":
                    continue
                address = world.address(method, path)
                if path in STREAMS:
                    status, body = await first_status(application, client, address), ""
                else:
                    answer = await client.get(address)
                    status, body = answer.status_code, answer.text
                wanted = dict(zip(PEOPLE, row.split(), strict=False))
                shows = wanted["visitor"] != "200" and world.customer.company.name in body
                if status != int(wanted["stranger"]) or shows:
                    wrong[path] = f"{status}{', and shows the other company' * shows}"
    assert wrong == {}
    assert len(set(forgot)) > 10
