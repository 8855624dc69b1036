"""Server-side sessions that never adopt an id the store did not issue, rotate at login, and are written
only when they changed.

Litestar's own backend takes over whatever id the cookie carries (session fixation), writes on every
response (a slow request brings a logged-out session back to life) and makes a key for every visitor.
"""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from litestar.connection import ASGIConnection, Request
from litestar.middleware.session.server_side import ServerSideSessionBackend, ServerSideSessionConfig
from litestar.types import Empty, Message
from litestar.utils.scope.state import ScopeState

from app.lib.session_directory import SessionDirectory

LOADED = "session_as_loaded"


class SessionBackend(ServerSideSessionBackend):
    """Litestar's backend without its three holes."""

    async def load_from_connection(self, connection: ASGIConnection[Any, Any, Any, Any]) -> dict[str, Any]:
        data = await super().load_from_connection(connection)
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


async def rotate_session(request: Request[Any, Any, Any], config: SessionConfig, data: dict[str, Any]) -> str:
    """Begin a session under a new id, so that an id planted before login is worth nothing; return the id."""
    if old := request.get_session_id():
        await config.get_store_from_app(request.app).delete(old)
    session_id = SessionBackend(config).generate_session_id()
    ScopeState.from_scope(request.scope).session_id = session_id
    request.scope["state"].pop(LOADED, None)  # written also when it says the same as the old one
    request.set_session(data)
    return session_id
