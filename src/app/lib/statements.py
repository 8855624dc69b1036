"""Fixed SQL with named parameters, run through a session or straight on the driver's connection.

The mapper is how this program talks to the database. One path is hot enough to go around it: settlement
(docs/adr/0009). Its statements are written once and run on either kind of transaction.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

BEGIN = "BEGIN; SET LOCAL synchronous_commit TO off"
COMMIT = "COMMIT; SELECT pg_logical_emit_message(true, 'tezgah', '')"
"""The message is a transaction of its own, as small as there is: its commit waits for the disk, and so for
everything committed before it, while the locks of the first are free already (docs/adr/0017)."""
PARAMETER = re.compile(r"(?<![:\w]):(\w+)")


class Statement:
    """SQL with `:name` parameters, prepared for both kinds of transaction."""

    __slots__ = ("clause", "names", "positional", "sql")

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.clause = text(sql)
        self.names = tuple(dict.fromkeys(PARAMETER.findall(sql)))
        self.positional = PARAMETER.sub(lambda found: f"${self.names.index(found[1]) + 1}", sql)


class DriverRow(asyncpg.Record):  # type: ignore[misc]  # asyncpg ships its compiled Record untyped
    """A row of the driver that answers to attributes, as the mapper's rows do."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(name) from error


class DriverTransaction:
    """A transaction on the driver's own connection; `info` carries its deferred jobs, as a session's does."""

    __slots__ = ("_connection", "info")

    def __init__(self, connection: Any, info: dict[str, Any]) -> None:
        self._connection = connection
        self.info = info

    async def begin(self) -> None:
        """Begin; every statement until the end belongs to it."""
        await self._connection.execute(BEGIN)

    async def commit(self) -> None:
        """Commit and wait until the disk has it; a refused commit raises and leaves nothing."""
        await self._connection.execute(COMMIT)

    async def roll_back(self) -> None:
        """Undo all of it."""
        await self._connection.execute("ROLLBACK")

    async def fetch(self, statement: Statement, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """Run a statement and return its rows."""
        values = [parameters[name] for name in statement.names]
        rows: Sequence[Any] = await self._connection.fetch(
            statement.positional, *values, record_class=DriverRow
        )
        return rows

    async def count(self, statement: Statement, parameters: Mapping[str, Any]) -> int:
        """Run a write and return how many rows it wrote."""
        values = [parameters[name] for name in statement.names]
        status: str = await self._connection.execute(statement.positional, *values)
        return int(status.rpartition(" ")[2])


Transaction = AsyncSession | DriverTransaction


async def fetch(
    transaction: Transaction, statement: Statement, parameters: Mapping[str, Any]
) -> Sequence[Any]:
    """Run a statement in a transaction of either kind and return its rows, none for a plain write."""
    if isinstance(transaction, DriverTransaction):
        return await transaction.fetch(statement, parameters)
    result: Any = await transaction.execute(
        statement.clause, {name: parameters[name] for name in statement.names}
    )
    return list(result) if result.returns_rows else []


async def count(transaction: Transaction, statement: Statement, parameters: Mapping[str, Any]) -> int:
    """Run a write in a transaction of either kind and return how many rows it wrote."""
    if isinstance(transaction, DriverTransaction):
        return await transaction.count(statement, parameters)
    result: Any = await transaction.execute(
        statement.clause, {name: parameters[name] for name in statement.names}
    )
    return int(result.rowcount)
