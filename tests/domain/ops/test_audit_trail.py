"""The trail over all companies: kept by the database, found by an index, and read a part at a time."""

import csv
import io
import json
import re
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Select, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import AuditEntry
from app.domain.audit.changes import difference
from app.domain.audit.service import record
from app.domain.ops import audit_trail
from app.domain.ops.audit_trail import TrailFilter, lines_of, page_of, trail_statement
from app.lib.clock import now
from app.lib.days import Days
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.conftest import Browser
from tests.factories import Customer, make_customer, make_operator

MANY = """
INSERT INTO audit_entries (id, at, company_id, actor, action, subject, facts, request_id, created_at)
SELECT gen_random_uuid(), now() - n * interval '1 minute',
       CASE WHEN n % 100 = 0 THEN CAST(:company_id AS uuid) END,
       CASE WHEN n % 500 = 0 THEN 'operator' ELSE 'system' END,
       'thing.done_' || n % 50, 'subject-' || n, '{}', 'request-' || n, now()
  FROM generate_series(1, 20000) n
"""


@pytest.fixture
async def customer(resources: Resources) -> Customer:
    return await make_customer(resources.session_maker, language="en")


def days(*, back: int = 0) -> Days:
    today = now().date()
    return Days(today - timedelta(days=back), today + timedelta(days=1))


async def write(
    resources: Resources, company_id: UUID | None, subject: str, at: datetime | None = None
) -> None:
    async with unit_of_work(resources.session_maker) as session:
        changes = difference({"role": "admin"}, {"role": "owner"})
        record(
            session,
            at=at or now(),
            action="thing.done",
            subject=subject,
            company_id=company_id,
            changes=changes,
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET action = 'nothing.happened'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "TRUNCATE companies CASCADE",
    ],
)
async def test_no_entry_is_changed_or_taken_away(
    resources: Resources, customer: Customer, statement: str
) -> None:
    with pytest.raises(DBAPIError, match="audit_entries is append only"):
        async with unit_of_work(resources.session_maker) as session:
            await session.execute(text(statement))
    async with resources.session_maker() as session:
        assert "company.registered" in list(await session.scalars(select(AuditEntry.action)))


async def test_every_filter_has_an_index(resources: Resources, customer: Customer) -> None:
    everything = days(back=30)
    async with unit_of_work(resources.session_maker) as session:
        await session.execute(text(MANY), {"company_id": customer.company.id})
    async with resources.engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(
            text("ANALYZE audit_entries")
        )
    nobody = customer.company.id
    filters = {
        "nothing": TrailFilter(everything),
        "company": TrailFilter(everything, company=customer.company.slug),
        "action": TrailFilter(everything, action="thing.done_7"),
        "operators": TrailFilter(everything, actor="operator"),
        "customers": TrailFilter(everything, actor="user"),
        "subject": TrailFilter(everything, subject="subject-77"),
        "request": TrailFilter(everything, request_id="request-77"),
        "access": TrailFilter(everything, access=nobody),
        "next page": TrailFilter(everything, before=nobody),
    }
    async with resources.session_maker() as session:
        for name, wanted in filters.items():
            plan = await explained(session, trail_statement(wanted).limit(51))
            assert "Seq Scan on audit_entries" not in plan, f"{name}\n{plan}"
            assert "Index" in plan, f"{name}\n{plan}"


async def explained(session: AsyncSession, statement: Select[*tuple[object, ...]]) -> str:
    connection = await session.connection()
    written = statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    return "\n".join((await connection.exec_driver_sql(f"EXPLAIN {written}")).scalars())


async def test_pages_and_files_have_every_entry_once(
    resources: Resources, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = now()
    for number in range(5):
        await write(resources, customer.company.id, f"thing-{number}", at)
    monkeypatch.setattr(audit_trail, "PAGE", 2)
    monkeypatch.setattr(audit_trail, "BATCH", 2)
    wanted, found = TrailFilter(days(), action="thing.done"), []
    async with resources.session_maker() as session:
        rows, behind = await page_of(session, wanted)
        found += [row.entry.subject for row in rows]
        while behind:
            rows, behind = await page_of(session, TrailFilter(days(), action="thing.done", before=behind))
            found += [row.entry.subject for row in rows]
    assert sorted(found) == [f"thing-{number}" for number in range(5)]
    lines = [line async for part in lines_of(resources.session_maker, wanted) for line in part]
    assert [line[5] for line in lines] == found


async def test_operators_find_what_happened_in_any_company(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    stranger = await make_customer(resources.session_maker, name="Başka Şirket")
    await write(resources, customer.company.id, "theirs")
    await write(resources, stranger.company.id, "others")
    await write(resources, None, "nobodys")
    operator = await make_operator(resources.session_maker, language="en")
    await operator.log_in(client)
    page = (await client.get("/operator/audit?action=thing.done")).text
    for subject in ("theirs", "others", "nobodys", "Role", "Admin"):
        assert subject in page
    one = (await client.get(f"/operator/audit?company={customer.company.slug}&action=thing.done")).text
    assert ("theirs" in one, "others" in one, "nobodys" in one) == (True, False, False)
    request = (await client.get("/operator/audit?subject=theirs")).text
    assert "others" not in request
    assert "Nothing is written down about this" in (await client.get("/operator/audit?actor=nonsense")).text
    wrong = await client.get("/operator/audit?access=x&company=%22%3E%3Cscript%3E")
    assert wrong.status_code == 422
    assert "<script>" not in wrong.text.replace('<script src="', "")
    assert (await client.get("/operator/audit/entries.csv?from=never")).status_code == 422


async def test_the_file_has_before_and_after_and_runs_nothing_in_a_spreadsheet(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    await write(resources, customer.company.id, '=HYPERLINK("http://evil.example")')
    operator = await make_operator(resources.session_maker, language="en")
    await operator.log_in(client)
    answer = await client.get("/operator/audit/entries.csv?action=thing.done")
    assert answer.headers["content-type"].startswith("text/csv")
    assert re.search(r'filename="audit-[\d-]+\.csv"', answer.headers["content-disposition"])
    titles, line = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")), delimiter=";")
    entry = dict(zip(titles, line, strict=True))
    assert entry["Subject"].startswith("'=HYPERLINK")
    assert (json.loads(entry["Before"]), json.loads(entry["After"])) == ({"role": "admin"}, {"role": "owner"})
    assert entry["Company"] == customer.company.slug
    own = await client.get("/operator/audit/entries.csv?action=nothing.ever")
    assert len(own.text.splitlines()) == 1
