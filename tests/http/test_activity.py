"""A company's trail: everything that happened in it, in words, and nothing of anybody else."""

import re
from pathlib import Path

import pytest
from sqlalchemy import select

import app
from app.db.models import AuditEntry, Payment, Role, TransitionKind, WorkspaceStatus
from app.domain.people import activity
from app.domain.people.activity import ACTIONS
from app.lib.clock import now
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests import html
from tests.conftest import Browser
from tests.factories import Customer, add_member, add_workspace, make_customer, pay

RESTING = (WorkspaceStatus.READY, WorkspaceStatus.STOPPED, WorkspaceStatus.FAILED, WorkspaceStatus.DELETED)
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
    kinds = {f"workspace.{kind}_requested" for kind in TransitionKind}
    assert written | kinds | {f"workspace.{status}" for status in RESTING} <= set(ACTIONS)


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


async def test_only_where_the_companys_own_people_call_from_is_told(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    async with unit_of_work(resources.session_maker) as session:
        for actor, address in (
            ("user", "203.0.113.77"),
            ("paytr", "198.51.100.1"),
            ("operator", "192.0.2.9"),
        ):
            values = {"action": "payment.started", "subject": "x", "facts": {}, "at": now()}
            company_id = customer.company.id
            session.add(AuditEntry(company_id=company_id, actor=actor, address=address, **values))
    await customer.log_in(client)
    for path in ("/company/audit", "/company/audit.csv"):
        shown = (await client.get(path)).text
        assert "203.0.113.77" in shown
        assert "198.51.100.1" not in shown
        assert "192.0.2.9" not in shown


async def test_nothing_of_another_company_is_in_it(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    stranger = await make_customer(resources.session_maker, name="Başka Şirket")
    await stranger.log_in(client)
    page = (await client.get("/company/audit")).text
    file = (await client.get("/company/audit.csv")).text
    async with resources.session_maker() as session:
        (oid,) = await session.scalars(select(Payment.merchant_oid))
        theirs = select(AuditEntry.id).where(AuditEntry.company_id == customer.company.id)
        last = (await session.scalars(theirs.order_by(AuditEntry.at.desc()))).first()
    behind = (await client.get(f"/company/audit?before={last}")).text
    for shown in (page, file, behind):
        assert oid not in shown
        assert "2.970,00" not in shown
    assert len(file.splitlines()) == 2, "a title, and that the company signed up"


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
