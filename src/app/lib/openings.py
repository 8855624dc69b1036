"""What a transaction declares before its first statement: it travels with the BEGIN, and costs no round trip.

A session carries its declaration in `info` under `OPENING`. Every transaction of that session begins with it,
also the one after a commit or rollback in the middle of a request; a session without one declares nothing.
"""

from collections.abc import Mapping
from typing import Any

import asyncpg
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session, SessionTransaction

OPENING = "opening"


class OpeningConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg ships its Connection untyped
    """A connection that says `opening` in the same message as each BEGIN."""

    opening: str = ""

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109 asyncpg's
        """Run a command; one that begins a transaction also opens it."""
        if not self.opening or not query.startswith("BEGIN"):
            status: str = await super().execute(query, *args, timeout=timeout)
            return status
        try:
            return str(await super().execute(f"{query.rstrip(';')}; {self.opening}", timeout=timeout))
        except BaseException:
            self.terminate()  # it has begun and not been opened: nobody may go on with it
            raise


class OpeningSession(Session):
    """A session whose transactions begin with what it declares."""


@event.listens_for(OpeningSession, "after_begin")
def _open(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    # the BEGIN itself leaves with the first statement
    open_with(connection.connection.driver_connection, session.info)


def open_with(connection: Any, info: Mapping[Any, Any]) -> None:
    """Let a connection begin what comes next with what `info` declares."""
    if hasattr(
        connection, "opening"
    ):  # asyncpg's metaclass calls every connection an instance of each subclass
        connection.opening = info.get(OPENING, "")


def forget_opening(connection: Any, record: Any, proxy: Any) -> None:
    """Take from a connection what its last user declared; for the pool, whenever it hands one out."""
    open_with(connection.driver_connection, {})
