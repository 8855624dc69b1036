"""Server-side sessions that never adopt an id the store did not issue, rotate at login, are written only when
they changed, and end: when they are not used, and at the latest at the instant that stands in them.

Litestar's own backend takes over whatever id the cookie carries (session fixation), writes on every
response (a slow request brings a logged-out session back to life) and makes a key for every visitor.
"""

from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from litestar.connection import ASGIConnection, Request
from litestar.middleware.session.server_side import ServerSideSessionBackend, ServerSideSessionConfig
from litestar.stores.base import Store
from litestar.types import Empty, Message
from litestar.utils.scope.state import ScopeState

from app.lib.clock import real_now
from app.lib.session_directory import SessionDirectory

IDLE_FOR: Final = timedelta(days=14)
"""A session that is not used ends after this."""
IDLE_SECONDS: Final = int(IDLE_FOR.total_seconds())  # of a timedelta the Redis store drops the whole days
LASTS_FOR: Final = timedelta(days=30)
"""However much it is used: after this everybody logs in again."""
ENDS_AT: Final = "ends_at"
LOADED = "session_as_loaded"


class SessionBackend(ServerSideSessionBackend):
    """Litestar's backend without its three holes, and with an end."""

    async def get(self, session_id: str, store: Store) -> bytes | None:
        return await store.get(session_id, renew_for=IDLE_SECONDS)

    async def set(self, session_id: str, data: bytes, store: Store) -> None:
        await store.set(session_id, data, expires_in=IDLE_SECONDS)

    async def load_from_connection(self, connection: ASGIConnection[Any, Any, Any, Any]) -> dict[str, Any]:
        data = await super().load_from_connection(connection)
        if data and data.get(ENDS_AT, 0) <= real_now().timestamp():
            store = self.config.get_store_from_app(connection.app)
            await store.delete(connection.cookies[self.config.key])
            data = {}
        if not data:
            connection.cookies.pop(self.config.key, None)
        connection.scope["state"][LOADED] = deepcopy(data)
        return data

    async def store_in_message(
        self, scope_session: Any, message: Message, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> None:
        if scope_session is Empty:
            if connection.cookies.get(self.config.key):
                await super().store_in_message(scope_session, message, connection)
        elif scope_session != connection.scope["state"].get(LOADED):
            await super().store_in_message(scope_session, message, connection)

    def get_session_id(self, connection: ASGIConnection[Any, Any, Any, Any]) -> str:
        return connection.get_session_id() or super().get_session_id(connection)


@dataclass(kw_only=True)
class SessionConfig(ServerSideSessionConfig):
    """The configuration that uses our backend, and knows which sessions a person has."""

    directory: SessionDirectory

    _backend_class = SessionBackend


async def rotate_session(
    request: Request[Any, Any, Any], config: SessionConfig, data: dict[str, Any], *, ends_at: datetime
) -> str:
    """Begin a session under a new id, so that an id planted before login is worth nothing; return the id."""
    if old := request.get_session_id():
        await config.get_store_from_app(request.app).delete(old)
    session_id = SessionBackend(config).generate_session_id()
    ScopeState.from_scope(request.scope).session_id = session_id
    request.scope["state"].pop(LOADED, None)  # written also when it says the same as the old one
    request.set_session({**data, ENDS_AT: ends_at.timestamp()})
    return session_id
