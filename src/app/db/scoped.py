"""Looking up one thing of a company; what is another company's is not found, as if it were not there."""

from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.interfaces import ORMOption

from app.db.base import CompanyOwned
from app.lib.errors import NotFound

Owned = TypeVar("Owned", bound=CompanyOwned)


async def owned(
    session: AsyncSession,
    kind: type[Owned],
    company_id: UUID,
    *conditions: ColumnElement[bool],
    missing: str,
    lock: bool = False,
    options: tuple[ORMOption, ...] = (),
) -> Owned:
    """Return the company's one row that meets the conditions, read anew; `lock` keeps it until the commit.

    Raises `NotFound` with the sentence `missing` when there is none.
    """
    statement = select(kind).where(*conditions).options(*options)
    statement = statement.execution_options(populate_existing=True)
    if lock:
        statement = statement.with_for_update(of=kind)
    found: Owned = (await owned_row(session, kind, company_id, statement, missing=missing))[0]
    return found


async def owned_row(
    session: AsyncSession,
    kind: type[CompanyOwned],
    company_id: UUID,
    statement: Select[*tuple[Any, ...]],
    *,
    missing: str,
) -> Row[*tuple[Any, ...]]:
    """Return the one row of a statement about a `kind` and what belongs to it, likewise."""
    row = (await session.execute(statement.where(kind.company_id == company_id))).one_or_none()
    if row is None:
        raise NotFound(missing)
    return row
