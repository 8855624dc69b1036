"""A company's trail: everything that happened in it, in words, and nothing of anybody else."""

import re
from pathlib import Path

import pytest

import app
from app.db.models import Role
from app.domain.people import activity
from app.domain.people.activity import ACTIONS
from app.tasks.context import Resources
from tests import html
from tests.conftest import Browser
from tests.factories import Customer, add_member, add_workspace, make_customer, pay

WRITES = ("audit.service import", "audit_parameters(")
AREAS = "|".join(sorted({action.partition(".")[0] for action in ACTIONS}))
NAME = re.compile(rf'"((?:{AREAS})\.[a-z_]+)"')
LOGGED = re.compile(r'log\.[a-z]+\(\s*"[a-z_.]+"')


@pytest.fixture
async def customer(resources: Resources) -> Customer:
    customer = await make_customer(resources.session_maker, language="en")
    await pay(resources.session_maker, customer, resources.settings)
    return customer


def test_every_action_that_is_written_down_says_something() -> None:
    sources = [path.read_text(encoding="utf-8") for path in Path(app.__file__).parent.rglob("*.py")]
    writers = [LOGGED.sub("", text) for text in sources if any(mark in text for mark in WRITES)]
    written = {name for text in writers for name in NAME.findall(text)}
    assert len(written) > 25
    assert written <= set(ACTIONS)


async def test_owners_and_admins_read_who_did_what(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    workspace = await add_workspace(resources.session_maker, customer, "shop")
    await customer.log_in(client)
    await client.submit(f"/workspaces/{workspace.id}/session/end")
    page = (await client.get("/company/audit")).text
    for sentence in (
        "The company signed up",
        "The subscription was paid",
        "A workspace is to stop",
        "₺2,970.00",
    ):
        assert sentence in page
    assert customer.user.full_name in page
    money = (await client.get("/company/audit?area=money")).text
    assert "A payment was begun" in money
    assert "The company signed up" not in money
    file = (await client.get("/company/audit.csv?area=money")).text
    assert "A payment was begun" in file
    assert "2970.00 TRY" in file
    admin = await add_member(resources.session_maker, customer, Role.ADMIN)
    await client.submit("/logout")
    await admin.log_in(client)
    assert (await client.get("/company/audit")).status_code == 200


async def test_nothing_of_another_company_is_in_it(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    stranger = await make_customer(resources.session_maker, name="Başka Şirket")
    await stranger.log_in(client)
    page = (await client.get("/company/audit")).text
    assert customer.user.full_name not in page or customer.user.full_name == stranger.user.full_name
    assert "₺2,970.00" not in page
    assert page.count("<tr>") < 5


async def test_a_long_trail_comes_a_page_at_a_time_and_every_line_once(
    client: Browser, resources: Resources, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "PAGE", 2)
    await pay(resources.session_maker, customer, resources.settings)
    await customer.log_in(client)
    path, lines, pages = "/company/audit", [], 0
    while path and pages < 10:
        page = (await client.get(path)).text
        lines += re.findall(r"<tr>\s*<td>([^<]+)", page)
        older = re.search(r'href="(/company/audit\?[^"]*before=[^"]*)"', page)
        path, pages = older[1].replace("&amp;", "&") if older else "", pages + 1
    assert pages > 2
    assert [line.strip() for line in lines] == [
        "The subscription was paid",
        "A payment was begun",
        "The subscription was paid",
        "A payment was begun",
        "The company signed up",
    ]


async def test_days_that_cannot_be_read_come_back_with_their_sentence(
    client: Browser, customer: Customer
) -> None:
    await customer.log_in(client)
    answer = await client.get("/company/audit?from=yesterday&to=2026-11-22")
    assert answer.status_code == 422
    assert "Write a day such as" in html.read(answer.text).sentence_at("from")
    assert (await client.get("/company/audit?area=nonsense")).status_code == 200
