"""What the wall between companies is made of: every table has its rule, and every way past it its reason."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.db.base import Base, CompanyOwned
from app.db.isolation import CLOSED, RULES, rule_of
from app.db.policies import isolate, not_isolated
from app.db.schema import upgrade_database
from app.db.scopes import BEYOND, PLATFORM, WEB, Beyond
from app.lib.settings import Settings
from app.server.database import build_engine
from tests.conftest import msgspec_replace

SOURCE = Path(__file__).parents[2] / "src" / "app"
EVERYBODYS = {
    "alembic_version": "readiness compares it with the program",
    "invoice_counters": "one series of the seller for all companies",
    "plan_prices": "the catalogue is everybody's",
    "plans": "the catalogue is everybody's",
}
REMOVED_BY_REQUESTS = {
    "memberships": "whoever leaves a company belongs to it no more",
    "recovery_codes": "new codes take the place of the old ones",
    "second_factors": "a factor that is given up leaves nothing behind",
}
BEYOND_ONE_COMPANY = {
    "/account/companies/new": Beyond.REGISTRATION,
    "/account/deletion": Beyond.DELETION,
    "/account/email": Beyond.EMAIL_CHANGE,
    "/account/email/letters": Beyond.EMAIL_CHANGE,
    "/edge/authorize": Beyond.EDGE,
    "/email-change/{token:str}": Beyond.EMAIL_LINK,
    "/email-change/{token:str}/refusal": Beyond.EMAIL_LINK,
    "/email-verification/{token:str}": Beyond.EMAIL_LINK,
    "/invitations/{token:str}": Beyond.INVITATION,
    "/login": Beyond.LOGIN,
    "/login/code": Beyond.LOGIN,
    "/password-reset": Beyond.PASSWORD_RESET,
    "/password-reset/{token:str}": Beyond.PASSWORD_RESET,
    "/pay/{token:str}": Beyond.PAYMENT_LINK,
    "/register": Beyond.REGISTRATION,
}
"""Every address whose handler looks beyond one company; the reasons stand with `Beyond`."""
DECLARED_IN_CODE = {
    ("domain/ops/controllers/audit.py", "csv", "CONSOLE"),
    ("server/core.py", "build_application", "PAYTR"),
    ("server/real_time.py", "require_real_time", "START"),
    ("server/viewers.py", "_scope_of", "CONSOLE"),
}
"""Every other place that names one: the file, the function and the reason."""
LOOKED_UP_BY_ID = {
    ("billing/cards/followup.py", "CardRegistration"): "the worker, by the id of its job",
    ("billing/cards/followup.py", "StoredCard"): "the card that the registration names",
    ("billing/cards/service.py", "StoredCard"): "the worker, by the id of its job",
    ("billing/cards/shelf.py", "CardRegistration"): "the worker, by the id of its job",
    ("billing/cards/shelf.py", "Payment"): "the payment that the registration names",
    ("billing/changes/service.py", "Subscription"): "the subscription that the order names",
    ("billing/controllers/checkout.py", "Order"): "the order that was placed a statement ago",
    ("billing/link_payments.py", "Order"): "the order that a signed link names",
    ("billing/post.py", "Invoice"): "the worker, by what the message names",
    ("billing/receipts.py", "Invoice"): "the worker, by the id of its job",
    ("billing/refunds/service.py", "Payment"): "an operator's, or the payment that a cancellation has found",
    ("billing/refunds/service.py", "Refund"): "the worker, by the id of its job",
    ("billing/settlement/free.py", "Order"): "the order that was placed a statement ago",
    ("companies/support.py", "SupportAccess"): "the access under which the operator looks",
    ("people/departures.py", "Membership"): "a share of the company, which was found there",
    ("people/dismissal.py", "Membership"): "a share of the company, which was found there",
    ("people/support.py", "SupportAccess"): "an operator's own, and the worker's by the id of its job",
    ("workspaces/attempts.py", "WorkspaceTransition"): "the worker, by the id of its job",
    ("workspaces/quotas.py", "Membership"): "a share of the company, which was found there",
}
"""Where a company's row is taken by its id alone, and who has said that it is the company's."""
TABLES = """
SELECT relname, relrowsecurity FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""
ROLES = """
SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolcanlogin OR rolinherit,
       EXISTS (SELECT FROM pg_class WHERE relowner = r.oid) OR has_schema_privilege(r.oid, 'public', 'CREATE')
  FROM pg_roles r WHERE rolname IN ('tezgah_web', 'tezgah_platform')
"""
GRANTED = """
SELECT table_name, privilege_type FROM information_schema.role_table_grants WHERE grantee = 'tezgah_web'
"""
CHANGING = """
SELECT table_name FROM information_schema.column_privileges
 WHERE grantee IN ('tezgah_web', 'tezgah_platform') AND privilege_type = 'UPDATE'
"""
APPEND_ONLY = """
SELECT relname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid WHERE tgname = relname || '_append_only'
"""


async def rows(engine: AsyncEngine, sql: str) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(sql))]


async def test_every_table_keeps_companies_apart_or_says_why_not(engine: AsyncEngine) -> None:
    tables = await rows(engine, TABLES)
    assert {name for name, is_apart in tables if not is_apart} == set(EVERYBODYS)
    assert set(RULES) | set(CLOSED) <= {name for name, _ in tables}
    async with engine.connect() as connection:
        assert await connection.run_sync(not_isolated) == []


def test_no_table_is_closed_to_requests_without_a_reason() -> None:
    assert Base.metadata.tables
    closed = {
        name
        for name, table in Base.metadata.tables.items()
        if rule_of(name, {column.name: bool(column.nullable) for column in table.columns}) is None
    }
    assert closed == set(CLOSED)


async def test_the_web_owns_nothing_bypasses_nothing_and_cannot_log_in(engine: AsyncEngine) -> None:
    roles = await rows(engine, ROLES)
    assert sorted(roles) == [(PLATFORM, False, False), (WEB, False, False)]


async def test_what_is_written_down_is_removed_by_nobody_but_where_it_says_so(engine: AsyncEngine) -> None:
    granted = await rows(engine, GRANTED)
    assert {table for table, verb in granted if verb == "DELETE"} == set(REMOVED_BY_REQUESTS)
    assert {verb for _, verb in granted} == {"SELECT", "INSERT", "UPDATE", "DELETE"}
    append_only, changing = await rows(engine, APPEND_ONLY), await rows(engine, CHANGING)
    assert len(append_only) > 8
    assert set(append_only) & set(changing) == set(), "who may not change it should not be let try"


async def test_policies_are_put_up_again_where_somebody_has_taken_them_down(empty: AsyncEngine) -> None:
    await upgrade_database(empty)
    async with empty.begin() as connection:
        await connection.execute(text("ALTER TABLE workspaces DISABLE ROW LEVEL SECURITY"))
        await connection.execute(text("DROP POLICY platform ON invoices"))
        await connection.execute(text("CREATE TABLE later (id uuid, company_id uuid NOT NULL)"))
        assert set(await connection.run_sync(not_isolated)) == {"workspaces", "invoices", "later"}
        await connection.run_sync(isolate)
        assert await connection.run_sync(not_isolated) == []


async def test_an_account_that_may_only_create_roles_is_enough(
    engine: AsyncEngine, settings: Settings
) -> None:
    """As in production: the account owns its database and is no superuser; the web may log in as another."""
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("CREATE ROLE plain LOGIN CREATEROLE PASSWORD 'plain'"))
        await connection.execute(text(f"GRANT {WEB}, {PLATFORM} TO plain WITH ADMIN OPTION"))
        await connection.execute(text("CREATE DATABASE plainly OWNER plain"))
        await connection.execute(text("CREATE ROLE plain_pages LOGIN PASSWORD 'plain'"))
        await connection.execute(text(f"GRANT {WEB}, {PLATFORM} TO plain_pages"))
    own = make_url(settings.database_url).set(username="plain", password="plain", database="plainly")
    migrating = create_async_engine(own)
    pools = [pages_of(settings, own.set(username=name)) for name in ("plain", "plain_pages")]
    try:
        await upgrade_database(migrating)
        for pool in pools:
            async with pool.connect() as connection:
                assert await connection.scalar(text("SELECT current_user::text")) == WEB
                assert await connection.scalar(text("SELECT count(*) FROM companies")) == 0
                await connection.execute(text(f"SET LOCAL ROLE {PLATFORM}"))
                assert await connection.scalar(text("SELECT count(*) FROM job_runs")) == 0
        async with pools[1].connect() as connection:
            with pytest.raises(DBAPIError, match="permission denied to set role"):
                await connection.execute(text("SET ROLE plain"))
    finally:
        for pool in (migrating, *pools):
            await pool.dispose()
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text("DROP DATABASE plainly WITH (FORCE)"))
            await connection.execute(text("DROP ROLE plain, plain_pages"))


def pages_of(settings: Settings, url: URL) -> AsyncEngine:
    address = url.render_as_string(hide_password=False)
    return build_engine(msgspec_replace(settings, database_url=address), role=WEB)


async def test_every_way_past_the_wall_is_named_here(web: Litestar) -> None:
    declared = {
        route.path: handler.opt[BEYOND]
        for route in web.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if BEYOND in handler.opt
    }
    assert declared == BEYOND_ONE_COMPANY
    in_code = set(named_in_code())
    assert in_code == DECLARED_IN_CODE
    assert {reason.name for reason in declared.values()} | {name for *_, name in in_code} == {
        reason.name for reason in Beyond
    }


def named_in_code() -> Iterator[tuple[str, str, str]]:
    """Yield where a reason is given to anything but a handler's option."""
    for path in SOURCE.rglob("*.py"):
        name = path.relative_to(SOURCE).as_posix()
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                body = [node for statement in function.body for node in ast.walk(statement)]
                for node in body:
                    if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Beyond":
                        yield name, function.name, node.attr


def test_what_a_company_owns_is_looked_up_with_its_company() -> None:
    """`session.get` takes whatever row has the id: only who was given the row by the database may use it."""
    owned = {
        mapper.class_.__name__ for mapper in Base.registry.mappers if issubclass(mapper.class_, CompanyOwned)
    }
    found = set()
    for path in (SOURCE / "domain").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"get", "get_one"}
                and node.args
                and isinstance(node.args[0], ast.Name)
                and node.args[0].id in owned
            ):
                found.add((path.relative_to(SOURCE / "domain").as_posix(), node.args[0].id))
    assert found == set(LOOKED_UP_BY_ID)


def test_controllers_and_guards_ask_through_what_keeps_companies_apart() -> None:
    for path in (SOURCE / "domain").rglob("*.py"):
        if "controllers" in path.parts or path.name in {"guards.py", "controllers.py"}:
            imported = [
                node.module
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.ImportFrom)
            ]
            assert "sqlalchemy" not in imported, path
