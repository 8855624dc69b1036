"""Forged requests: every unsafe route but the machines' wants the token of this very browser."""

import re
from typing import Any

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from tests.conftest import Browser, browser
from tests.factories import PASSWORD, make_customer
from tests.http.test_registration import FORM, NOTHING, counts

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
WITHOUT_TOKEN = {"webhooks:paytr", "edge:unavailable", "cards:return", "checkout:return_post"}
"""PayTR signs what it reports; the edge's page and the ways back from PayTR change nothing."""
PARAMETER = re.compile(r"{\w+:(\w+)}")
EXAMPLES = {"uuid": "0199c0de-0000-7000-8000-000000000000", "date": "2026-11-21", "str": "something"}


def unsafe_routes(application: Litestar) -> list[tuple[str, str, str]]:
    """Return method, a concrete path and the name of every unsafe route."""
    return [
        (method, PARAMETER.sub(lambda found: EXAMPLES[found[1]], route.path), str(handler.name))
        for route in application.routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if method in UNSAFE
    ]


@pytest.mark.parametrize("way", ["none", "foreign", "foreign in the header", "another site's form"])
async def test_every_unsafe_route_refuses_a_request_without_its_own_token(
    application: Litestar, client: Browser, session_maker: async_sessionmaker[AsyncSession], way: str
) -> None:
    customer = await make_customer(session_maker)
    await customer.log_in(client)
    async with browser(application) as other:
        await other.get("/login")
        foreign = other.cookies["csrf"]
    form = {"plan": "team"} | ({"_csrf_token": foreign} if way == "foreign" else {})
    headers = {"x-csrftoken": foreign} if way == "foreign in the header" else {}
    if way == "another site's form":
        form["_csrf_token"] = "0" * 128
        headers = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    answers = {}
    for method, path, name in unsafe_routes(application):
        answers[name] = (await client.request(method, path, data=form, headers=headers)).status_code
    assert {name for name, status in answers.items() if status != 403} == WITHOUT_TOKEN
    assert len(answers) > len(WITHOUT_TOKEN)
    assert (await client.get("/dashboard")).status_code == 200


@pytest.mark.parametrize("token", ["é" * 128, "0" * 64 + "ı" * 64, "\ud800" * 128])
async def test_a_token_that_is_no_token_is_refused_and_breaks_nothing(client: Browser, token: str) -> None:
    await client.get("/login")
    kinds: list[dict[str, Any]] = [
        {"data": {"_csrf_token": token.encode("utf-8", "surrogatepass")}},
        {"files": {"_csrf_token": ("token.txt", b"0" * 128)}},
        {"headers": {"x-csrftoken": token.encode("utf-8", "surrogatepass")}},
    ]
    for kind in kinds:
        assert (await client.post("/login", **kind)).status_code == 403
    client.cookies.set("csrf", "0" * 127 + "%", domain="tezgah.localhost")
    assert (await client.post("/login", data={"_csrf_token": "0" * 127 + "%"})).status_code == 403


async def test_the_token_of_another_browser_is_refused(application: Litestar, client: Browser) -> None:
    await client.get("/login")
    async with browser(application) as other:
        await other.get("/login")
        foreign = other.cookies["csrf"]
    form = {"email": "a@b.co", "password": PASSWORD}
    for token in (foreign, "made-up", ""):
        answer = await client.post("/login", data={**form, "_csrf_token": token})
        assert answer.status_code == 403
    own = await client.post("/login", data={**form, "_csrf_token": client.cookies["csrf"]})
    assert own.status_code == 422


async def test_a_forged_sign_up_leaves_nothing(
    client: Browser, session_maker: async_sessionmaker[AsyncSession]
) -> None:
    assert (await client.post("/register", data=FORM)).status_code == 403
    assert await counts(session_maker) == NOTHING


async def test_a_missing_token_is_told_in_a_sentence_that_helps(client: Browser) -> None:
    answer = await client.post("/login", data={}, headers={"accept-language": "en"})
    assert "Go back, reload the page and try again." in answer.text
