"""The trail over all companies, as operators search it: a page at a time, or streamed as a file."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Row, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import AuditEntry, Company, User
from app.lib.clock import ISTANBUL
from app.lib.days import Days
from app.lib.i18n import N_
from app.lib.sheets import Cell

PAGE: Final = 50
BATCH: Final = 1_000
"""Lines of a file that are read at once."""
LONGEST_FILE: Final = 200_000
ACTORS: Final = {
    "user": N_("Customer"),
    "operator": N_("Operator"),
    "paytr": "PayTR",
    "system": N_("Scheduled work"),
}
COLUMNS: Final = (
    N_("Time"),
    N_("Company"),
    N_("Kind"),
    N_("Who"),
    N_("Action"),
    N_("Subject"),
    N_("Facts"),
    N_("Before"),
    N_("After"),
    N_("Address"),
    N_("Request"),
    N_("Support access"),
)


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """What is looked for; empty means everything. All of it is exact: the trail is large."""

    days: Days
    company: str = ""
    """The short name of a company."""
    actor: str = ""
    action: str = ""
    subject: str = ""
    request_id: str = ""
    access: UUID | None = None
    before: UUID | None = None
    """The last entry of the page before."""


@dataclass(frozen=True, slots=True)
class TrailRow:
    """One entry with whose it is."""

    entry: AuditEntry
    company: Company | None
    person: User | None


async def page_of(session: AsyncSession, wanted: TrailFilter) -> tuple[list[TrailRow], UUID | None]:
    """Return a page of entries, newest first, and what the next page begins behind."""
    rows = [_row(row) for row in await session.execute(trail_statement(wanted).limit(PAGE + 1))]
    return rows[:PAGE], rows[PAGE - 1].entry.id if len(rows) > PAGE else None


async def lines_of(
    session_maker: async_sessionmaker[AsyncSession], wanted: TrailFilter
) -> AsyncIterator[list[list[Cell]]]:
    """Yield the lines of a file in batches, each in a short transaction: a slow reader holds nothing open."""
    read = 0
    while read < LONGEST_FILE:
        async with session_maker() as session:
            statement = trail_statement(wanted).limit(min(BATCH, LONGEST_FILE - read))
            rows = [_row(row) for row in await session.execute(statement)]
        if not rows:
            return
        yield [line_of(row) for row in rows]
        read += len(rows)
        wanted = replace(wanted, before=rows[-1].entry.id)


def trail_statement(wanted: TrailFilter) -> Select[*tuple[Any, ...]]:
    """Return the search; each of its filters has an index (`tests/domain/ops/test_audit_trail.py`)."""
    conditions: dict[str, ColumnElement[bool]] = {
        "company": AuditEntry.company_id
        == select(Company.id).where(Company.slug == wanted.company.lower()).scalar_subquery(),
        "actor": AuditEntry.actor == wanted.actor,
        "action": AuditEntry.action == wanted.action,
        "subject": AuditEntry.subject == wanted.subject,
        "request_id": AuditEntry.request_id == wanted.request_id,
        "access": AuditEntry.support_access_id == wanted.access,
    }
    statement = (
        select(AuditEntry, Company, User)
        .outerjoin(Company, Company.id == AuditEntry.company_id)
        .outerjoin(User, User.id == AuditEntry.actor_id)
        .where(AuditEntry.at >= wanted.days.start, AuditEntry.at < wanted.days.end)
        .where(*(condition for name, condition in conditions.items() if getattr(wanted, name)))
        .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    )
    return statement.where(_behind(wanted.before)) if wanted.before else statement


def line_of(row: TrailRow) -> list[Cell]:
    """Return an entry as a line of a file; what is structured is JSON."""
    entry = row.entry
    return [
        _time(entry.at),
        row.company.slug if row.company else None,
        entry.actor,
        row.person.email if row.person else None,
        entry.action,
        entry.subject,
        *(_json(value) for value in (entry.facts, entry.before, entry.after)),
        entry.address,
        entry.request_id,
        str(entry.support_access_id) if entry.support_access_id else None,
    ]


def _row(row: Row[*tuple[Any, ...]]) -> TrailRow:
    return TrailRow(*row)


def _behind(entry_id: UUID) -> ColumnElement[bool]:
    last = select(AuditEntry.at).where(AuditEntry.id == entry_id).scalar_subquery()
    return tuple_(AuditEntry.at, AuditEntry.id) < tuple_(last, entry_id)


def _time(at: datetime) -> str:
    return at.astimezone(ISTANBUL).strftime("%Y-%m-%d %H:%M:%S")


def _json(value: dict[str, Any] | None) -> str | None:
    return msgspec.json.encode(value).decode() if value else None
