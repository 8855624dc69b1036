"""The connection pool and the transactions of one process."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from app.lib.openings import OpeningConnection, OpeningSession, forget_opening
from app.lib.settings import Settings, SettingsError
from app.lib.uow import ENQUEUE, Enqueue

LOCK_WAIT = timedelta(seconds=10)
"""How long a statement waits for a row that another transaction holds; then it fails, and is tried again
by whoever finds its row due (docs/adr/0026)."""
LEFT_OPEN = timedelta(minutes=1)
"""How long one of our transactions may do nothing until the server ends it, and with it its locks."""


def build_engine(
    settings: Settings, *, lock_wait: timedelta = LOCK_WAIT, role: str | None = None
) -> AsyncEngine:
    """Return the connection pool: small, because a hot row is served best by few (docs/adr/0009).

    With a role every connection is that role from its first moment. A connection that the server has closed
    is noticed when it is taken, without asking the server: asyncpg learns of it from the socket.
    """
    engine = create_async_engine(
        settings.database_url,
        pool_size=settings.database_pool_size,
        max_overflow=0,
        pool_timeout=10,
        hide_parameters=True,  # an error's text goes to the log, what people typed does not
        connect_args={
            "timeout": 5,
            "command_timeout": 30,
            "server_settings": _session_settings(lock_wait) | ({"role": role} if role else {}),
            "connection_class": OpeningConnection,
        },
    )
    event.listen(engine.sync_engine, "checkout", refuse_closed)
    event.listen(engine.sync_engine, "checkout", forget_opening)
    return engine


def _session_settings(lock_wait: timedelta) -> dict[str, str]:
    """Return what every session asks of the server: nobody waits for ever, nor holds what others wait for."""
    return {
        "application_name": "tezgah",
        "lock_timeout": str(lock_wait // timedelta(milliseconds=1)),
        "idle_in_transaction_session_timeout": str(LEFT_OPEN // timedelta(milliseconds=1)),
    }


def refuse_closed(connection: Any, record: Any, proxy: Any) -> None:
    """Make the pool replace a connection whose server went away."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def build_session_maker(engine: AsyncEngine, enqueue: Enqueue) -> async_sessionmaker[AsyncSession]:
    """Return sessions that know where their deferred jobs go."""
    return async_sessionmaker(
        engine, sync_session_class=OpeningSession, expire_on_commit=False, info={ENQUEUE: enqueue}
    )


async def with_database(
    settings: Settings, command: Callable[[async_sessionmaker[AsyncSession]], Awaitable[Any]]
) -> Any:
    """Run a command that asks the database alone: what the other parts would load is not loaded.

    Such a command asks for no job: nothing could take one. Raises `SettingsError` without an address.
    """
    require_addresses({"TEZGAH_DATABASE_URL": settings.database_url})
    engine = build_engine(settings)
    try:
        return await command(async_sessionmaker(engine, expire_on_commit=False))
    finally:
        await engine.dispose()


def require_addresses(addresses: Mapping[str, str]) -> None:
    """Raise `SettingsError` when a server's address, by the name of its setting, is missing."""
    missing = [name for name, value in addresses.items() if not value]
    if missing:
        raise SettingsError(f"Set {' and '.join(missing)}, or start the embedded parts with `make run`.")
