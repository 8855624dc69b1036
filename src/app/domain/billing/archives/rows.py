"""Rows as a copy gives them: every column by its name but secrets, and what only we can read."""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Select, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.base import Base
from app.domain.audit.redaction import SECRET_FIELDS

Rows = list[dict[str, Any]]
INTERNAL = frozenset({"accepted_documents", "is_operator", "pages", "paid_with", "user_token", "card_token"})


async def rows_of(session: AsyncSession, table: type[Base], *where: Any, only: Iterable[str] = ()) -> Rows:
    """Return the rows of a table that meet the conditions, by their age."""
    columns = [
        column
        for column in table.__table__.columns
        if (not only or column.name in set(only)) and is_told(column.name, column.type)
    ]
    age = table.__table__.c.get("created_at")
    order = list(inspect(table).primary_key) if age is None else [age]
    statement: Select[*tuple[Any, ...]] = select(*columns).where(*where).order_by(*order)
    return [dict(row) for row in (await session.execute(statement)).mappings()]


def is_told(name: str, kind: object) -> bool:
    """Say whether a column belongs into a copy: nothing encrypted, no digest and no token does."""
    hidden = SECRET_FIELDS - {"sha256", "pdf_key", "pdf_sha256", "masked"}
    return name not in hidden | INTERNAL and type(kind).__name__ not in {"EncryptedText", "LargeBinary"}


def as_json(rows: object) -> bytes:
    """Return rows as a file that a person can read, too."""
    return msgspec.json.format(msgspec.json.encode(rows), indent=2)
