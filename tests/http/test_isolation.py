"""The second wall: with every query wrong, a company's request still reaches that company's rows alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.base import Base
from app.db.isolation import CLOSED, RULES
from app.db.models import AuditEntry, Company, Invoice, Membership, Payment, User, Workspace, WorkspaceStatus
from app.db.scopes import WEB, Beyond, declare, of_company, of_platform, sessions_beyond
from app.lib.ids import uuid7
from app.lib.statements import Statement, fetch
from app.lib.uow import ENQUEUE, driver_unit_of_work, unit_of_work
from app.server.core import build_application
from app.server.database import build_engine, build_session_maker
from app.tasks.context import Resources
from tests.conftest import browser, msgspec_replace
from tests.factories import Customer, add_workspace, make_customer, pay

EVERYBODYS = {table for table, rule in RULES.items() if rule.sees is None}
OWN_ROWS = [
    table
    for name, table in Base.metadata.tables.items()
    if "company_id" in table.c and name not in EVERYBODYS | set(CLOSED)
]
BY_HAND = {
    "SELECT count(*) FROM workspaces": 1,
    "SELECT count(*) FROM invoices i JOIN invoice_lines l ON l.invoice_id = i.id": 1,
    "SELECT count(DISTINCT journal_id) > 0 FROM postings": True,
    "SELECT count(*) FROM postings WHERE journal_id NOT IN (SELECT id FROM journals)": 0,
    "SELECT count(*) FROM workspaces w, companies c WHERE c.name LIKE 'Onlar%'": 0,
    "SELECT count(*) FROM (SELECT company_id FROM payments UNION SELECT id FROM companies) x": 1,
    "SELECT count(*) FROM workspaces WHERE company_id <> current_setting('app.company_id')::uuid": 0,
    "SELECT count(*) FROM users WHERE password_hash > ''": 1,
}
REFUSED = (
    "UPDATE invoices SET total = 1",
    "UPDATE postings SET amount = 1",
    "DELETE FROM invoices",
    "DELETE FROM audit_entries",
    "UPDATE audit_entries SET action = 'x'",
    "UPDATE users SET is_operator = true",
    "INSERT INTO users (id, email) VALUES (gen_random_uuid(), 'x@example.com')",
    "UPDATE plan_prices SET gross = 1",
    "SELECT * FROM payment_events",
    "SELECT * FROM provider_reports",
    "SELECT * FROM job_runs",
    "TRUNCATE workspaces",
    "CREATE TABLE mine (id int)",
    "DROP POLICY platform ON workspaces",
    "ALTER TABLE workspaces DISABLE ROW LEVEL SECURITY",
)


@dataclass(frozen=True)
class Tenants:
    """Two companies with the same behind them."""

    ours: Customer
    theirs: Customer
    web: Resources

    @asynccontextmanager
    async def session(self, *, declared: bool = True) -> AsyncIterator[AsyncSession]:
        """A session of the web process in which our company is declared, or none."""
        async with self.web.session_maker() as session:
            if declared:
                declare(session, of_company(self.ours.company.id, self.ours.user.id))
            yield session


@pytest.fixture
async def tenants(resources: Resources, web_process: Resources) -> Tenants:
    companies = []
    for name in ("Bizim Yazılım", "Onların Yazılımı"):
        customer = await make_customer(resources.session_maker, name=name)
        await pay(resources.session_maker, customer, resources.settings)
        await add_workspace(resources.session_maker, customer, "shop")
        companies.append(customer)
    ours, theirs = companies
    return Tenants(ours, theirs, web_process)


async def test_a_query_that_names_no_company_returns_the_declared_ones_rows(tenants: Tenants) -> None:
    async with tenants.session() as session:
        for kind in (Workspace, Invoice, Payment, AuditEntry, Membership):
            rows: list[Any] = list(await session.scalars(select(kind)))
            assert {row.company_id for row in rows} == {tenants.ours.company.id}, kind
        for table in OWN_ROWS:
            found = await session.scalars(select(table.c.company_id).distinct())
            assert set(found) - {None} <= {tenants.ours.company.id}, table.name
        assert list(await session.scalars(select(Company.name))) == ["Bizim Yazılım"]
        assert list(await session.scalars(select(User.email))) == [tenants.ours.email]


async def test_sql_by_hand_sees_no_further(tenants: Tenants) -> None:
    async with tenants.session() as session:
        assert {sql: await session.scalar(text(sql)) for sql in BY_HAND} == BY_HAND


async def test_who_declares_nothing_sees_nothing(tenants: Tenants) -> None:
    tables = set(Base.metadata.tables) - EVERYBODYS
    assert len(tables) > 25
    for table in sorted(tables):
        of_companies = "WHERE company_id IS NOT NULL" if "company_id" in Base.metadata.tables[table].c else ""
        async with tenants.session(declared=False) as session:
            try:
                seen = await session.scalar(text(f"SELECT count(*) FROM {table} {of_companies}"))  # noqa: S608 ours
            except DBAPIError as error:
                assert "permission denied" in str(error)  # noqa: PT017 either is right
            else:
                assert seen == 0, table


async def test_the_same_queries_see_both_companies_without_the_wall(
    tenants: Tenants, resources: Resources
) -> None:
    async with resources.session_maker() as session:
        declare(session, of_company(tenants.ours.company.id, tenants.ours.user.id))
        assert await session.scalar(select(func.count()).select_from(Workspace)) == 2
    async with sessions_beyond(tenants.web.session_maker, Beyond.CONSOLE)() as session:
        assert await session.scalar(select(func.count()).select_from(Workspace)) == 2
        with pytest.raises(DBAPIError, match="permission denied"):
            await session.execute(text("UPDATE users SET is_operator = true"))


async def test_a_change_of_everything_changes_what_is_ones_own(
    tenants: Tenants, resources: Resources
) -> None:
    async with tenants.session() as session:
        await session.execute(update(Workspace).values(last_error="changed"))
        await session.execute(text("UPDATE users SET full_name = 'Changed'"))
        await session.execute(text("UPDATE companies SET phone = 'changed'"))
        await session.execute(text("DELETE FROM memberships"))
        await session.commit()
    async with resources.session_maker() as session:
        changed = await session.execute(select(Workspace.company_id, Workspace.last_error))
        assert dict(changed.tuples().all()) == {
            tenants.ours.company.id: "changed",
            tenants.theirs.company.id: None,
        }
        assert set(await session.scalars(select(Membership.company_id))) == {tenants.theirs.company.id}
        assert set(await session.scalars(select(User.full_name))) == {"Changed", "Ada Çağlar"}
        assert set(await session.scalars(select(Company.phone))) == {"changed", None}


async def test_nothing_is_given_to_another_company(tenants: Tenants) -> None:
    foreign = tenants.theirs.company.id
    workspace = {
        "id": uuid7(),
        "company_id": foreign,
        "owner_id": tenants.ours.user.id,
        "name": "mine",
        "driver": "fake",
        "status": WorkspaceStatus.STOPPED,
        "driver_state": {},
    }
    for statement in (
        insert(Workspace).values(workspace),
        update(Workspace).values(company_id=foreign),
        text(f"INSERT INTO memberships (id, user_id, company_id, role) VALUES (gen_random_uuid(), "  # noqa: S608 ours
             f"'{tenants.ours.user.id}', '{foreign}', 'owner')"),
    ):  # fmt: skip
        async with tenants.session() as session:
            with pytest.raises(DBAPIError, match="row-level security"):
                await session.execute(statement)


async def test_no_line_joins_anothers_invoice_and_no_posting_anothers_journal(
    tenants: Tenants, resources: Resources
) -> None:
    async with resources.session_maker() as session:
        where = f"WHERE company_id = '{tenants.theirs.company.id}' LIMIT 1"
        invoice, journal = [
            await session.scalar(text(f"SELECT id FROM {table} {where}"))  # noqa: S608 our own tables
            for table in ("invoices", "journals")
        ]
    line = f"""
        INSERT INTO invoice_lines (id, invoice_id, position, description, quantity, unit_price, net, vat,
                                   vat_basis_points, total)
        VALUES (gen_random_uuid(), '{invoice}', 9, 'x', 1, 1, 1, 0, 0, 1)
    """  # noqa: S608 an id of ours
    posting = f"INSERT INTO postings VALUES ('{journal}', 'revenue', 7), ('{journal}', 'vat_payable', -7)"  # noqa: S608
    for statement, refusal in ((line, "there is no invoice"), (posting, "does not sum to zero|duplicate")):
        async with tenants.session() as session:
            await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            with pytest.raises(DBAPIError, match=refusal):
                await session.execute(text(statement))


async def test_what_a_companys_request_has_no_right_to(web_process: Resources) -> None:
    for sql in REFUSED:
        async with web_process.session_maker() as session:
            declare(session, of_company(uuid7(), uuid7()))
            with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
                await session.execute(text(sql))


@pytest.fixture
async def narrow(resources: Resources, web_process: Resources) -> AsyncIterator[Resources]:
    """A web process with a single connection, which everybody has to share."""
    engine = build_engine(msgspec_replace(resources.settings, database_pool_size=1), role=WEB)
    enqueue = resources.session_maker.kw["info"][ENQUEUE]
    yield replace(web_process, engine=engine, session_maker=build_session_maker(engine, enqueue))
    await engine.dispose()


async def who_is_there(narrow: Resources) -> tuple[str, str, int]:
    """Return the role, the declared company and the number of workspaces that the connection now has."""
    async with narrow.session_maker() as session:
        question = text("SELECT current_user::text, coalesce(current_setting('app.company_id', true), ''), "
                        "(SELECT count(*) FROM workspaces)")  # fmt: skip
        row = (await session.execute(question)).one()
        return row[0], row[1], row[2]


async def test_no_ending_leaves_a_declaration_on_the_connection(tenants: Tenants, narrow: Resources) -> None:
    ours = of_company(tenants.ours.company.id, tenants.ours.user.id)

    async def failing(statement: str) -> None:
        async with unit_of_work(narrow.session_maker) as session:
            declare(session, ours)
            await session.execute(text(statement))
            raise RuntimeError

    for statement in ("SELECT 1", "SELECT 1 / 0", "SELECT * FROM job_runs"):
        with pytest.raises((RuntimeError, DBAPIError)):
            await failing(statement)
        assert await who_is_there(narrow) == (WEB, "", 0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(failing("SELECT pg_sleep(30)"), 0.2)
    assert await who_is_there(narrow) == (WEB, "", 0)
    async with narrow.session_maker() as session:
        declare(session, ours)
        await session.connection()  # taken, and nothing asked: its BEGIN has not left
    assert await who_is_there(narrow) == (WEB, "", 0)
    async with driver_unit_of_work(sessions_beyond(narrow.session_maker, Beyond.PAYTR)) as transaction:
        seen = await fetch(transaction, Statement("SELECT count(*) AS number FROM workspaces"), {})
        assert seen[0].number == 2
    assert await who_is_there(narrow) == (WEB, "", 0)


async def test_a_declaration_holds_across_commits_and_rollbacks_of_its_session(
    tenants: Tenants, narrow: Resources
) -> None:
    async with narrow.session_maker() as session:
        declare(session, of_company(tenants.ours.company.id, tenants.ours.user.id))
        for end in (session.commit, session.rollback, session.commit):
            assert set(await session.scalars(select(Workspace.company_id))) == {tenants.ours.company.id}
            await end()
        declare(session, of_platform(Beyond.CONSOLE))
        assert len(set(await session.scalars(select(Workspace.company_id)))) == 2


async def test_a_scope_that_the_server_refuses_costs_the_connection_and_nobody_inherits_it(
    narrow: Resources,
) -> None:
    async with narrow.session_maker() as session:
        declare(session, "SET LOCAL ROLE nobody_of_this_name")
        with pytest.raises(DBAPIError, match="does not exist"):
            await session.execute(text("SELECT 1"))
    assert await who_is_there(narrow) == (WEB, "", 0)


async def test_two_companies_on_one_connection_never_see_each_other(
    tenants: Tenants, narrow: Resources
) -> None:
    application = build_application(narrow.settings, narrow, owns_resources=False)
    async with application.lifespan(), browser(application) as ours, browser(application) as theirs:
        people = {ours: tenants.ours, theirs: tenants.theirs}
        for client, customer in people.items():
            await customer.log_in(client)

        async def look(client: Any, path: str) -> None:
            answer = await client.get(path)
            other = next(person for asker, person in people.items() if asker is not client)
            assert other.company.name not in answer.text, path
            assert answer.status_code == (404 if "nothing" in path else 200)
            assert (people[client].company.name in answer.text) is (answer.status_code == 200), path

        for _ in range(3):
            gone = asyncio.ensure_future(theirs.get("/billing"))
            await asyncio.sleep(0)
            paths = ("/dashboard", "/workspaces/open/nothing--there", "/workspaces", "/billing")
            looks = [look(client, path) for path in paths for client in people]
            gone.cancel()
            await asyncio.gather(*looks)
    assert await who_is_there(narrow) == (WEB, "", 0)
