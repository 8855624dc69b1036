"""The Host header, and what a proxy says of a request: believed from ours alone, and built into nothing."""

import re

import pytest
from litestar import Litestar
from sqlalchemy import select

from app.db.models import EmailMessage
from app.domain.notifications.rendering import render_email
from app.lib.settings import Settings
from app.server.core import build_application
from app.tasks.context import Resources
from tests.conftest import Browser, browser, msgspec_replace
from tests.factories import PASSWORD, make_customer

MERCHANT = dict.fromkeys(("paytr_merchant_id", "paytr_merchant_key", "paytr_merchant_salt"), "1")
FOREIGN = [
    "evil.example",
    "tezgah.localhost.evil.example",
    "evil.example:80",
    "tezgah.localhost@evil.example",
    "evil.example#tezgah.localhost",
    "evil.example/tezgah.localhost",
    "[::1",
    "",
]


@pytest.mark.parametrize("host", FOREIGN)
async def test_another_host_gets_no_page(client: Browser, host: str) -> None:
    answer = await client.get("/login", headers={"host": host})
    assert (answer.status_code, answer.headers.get("set-cookie")) == (421, None)
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_two_hosts_at_once_get_none(client: Browser) -> None:
    twice = [("host", "tezgah.localhost"), ("host", "evil.example")]
    assert (await client.get("/login", headers=twice)).status_code == 421


@pytest.mark.parametrize("host", ["tezgah.localhost", "TEZGAH.localhost:8000", "localhost:8000", "127.0.0.1"])
async def test_the_public_host_and_here_this_machine_are_served(client: Browser, host: str) -> None:
    assert (await client.get("/login", headers={"host": host})).status_code == 200


async def test_probes_and_the_edge_are_asked_under_any_name(client: Browser) -> None:
    assert (await client.get("/health/live", headers={"host": "10.0.0.7:8000"})).status_code == 200
    page = await client.get("/edge/unavailable", headers={"host": "shop--acme.workspaces.localhost"})
    assert page.status_code == 503


async def test_production_serves_the_public_host_alone(resources: Resources) -> None:
    settings = msgspec_replace(
        resources.settings, env="production", public_url="https://tezgah.example", **MERCHANT
    )
    strict = build_application(settings, resources, owns_resources=False)
    async with browser(strict) as client:
        codes = [
            (await client.get("/login", headers={"host": host})).status_code
            for host in ("tezgah.example", "localhost", "127.0.0.1:8000", "workspaces.tezgah.example")
        ]
    assert codes == [200, 421, 421, 421]


async def test_letters_and_redirects_name_the_public_address_whatever_the_request_says(
    client: Browser, resources: Resources, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.domain.people.controllers.password_reset.ANSWER_AFTER", 0.0)
    customer = await make_customer(resources.session_maker)
    client.headers.update(
        {
            "host": "127.0.0.1:6666",
            "x-forwarded-host": "evil.example",
            "x-forwarded-proto": "gopher",
            "forwarded": "host=evil.example",
            "x-original-url": "/operator",
        }
    )
    assert (await client.submit("/password-reset", email=customer.email)).status_code == 200
    async with resources.session_maker() as session:
        found = select(EmailMessage).where(EmailMessage.template == "password_reset")
        letter = (await session.scalars(found)).one()
    text = render_email(letter.template, letter.language, letter.context, settings).text
    assert set(re.findall(r"https?://[^/\s]+", text)) == {settings.base_url}
    asked = await client.get("/dashboard")
    assert (asked.status_code, asked.headers["location"]) == (302, "/login?next=/dashboard")


@pytest.mark.parametrize(
    ("peer", "forwarded", "recorded"),
    [
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1, 127.0.0.1", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "10.0.0.1, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "", "127.0.0.1"),
    ],
)
async def test_who_it_was_is_believed_from_our_proxies_alone(
    application: Litestar, resources: Resources, peer: str, forwarded: str, recorded: str
) -> None:
    customer = await make_customer(resources.session_maker)
    async with browser(application, address=peer) as client:
        client.headers["x-forwarded-for"] = forwarded
        await client.submit("/login", email=customer.email, password=PASSWORD)
        page = (await client.get("/account/sessions")).text
    assert {address for address in (peer, "198.51.100.1", "10.0.0.1") if address in page} == {recorded}
