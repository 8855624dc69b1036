"""The end of a request's transaction. Apart from `lib.uow`, which commands load without a web framework."""

from collections.abc import Awaitable, Callable

from advanced_alchemy.extensions.litestar._utils import (  # pinned; a test breaks when they move
    delete_aa_scope_state,
    get_aa_scope_state,
)
from litestar.types import Message, Scope
from sqlalchemy.ext.asyncio import AsyncSession

from app.lib.uow import commit, roll_back

RESPONSE_ENDS = frozenset(
    {"http.response.start", "http.disconnect", "websocket.disconnect", "websocket.close"}
)


def request_edge(scope_key: str) -> Callable[[Message, Scope], Awaitable[None]]:
    """Return the hook that ends a request's transaction: commit below 400, roll back otherwise.

    Advanced Alchemy's own hook swallows failed commits; this one raises, so that a client is never told
    that something was saved when it was not.
    """

    async def close_request(message: Message, scope: Scope) -> None:
        session: AsyncSession | None = get_aa_scope_state(scope, scope_key)
        if session is None:
            return
        try:
            if message["type"] == "http.response.start":
                await (commit if message["status"] < 400 else roll_back)(session)
        finally:
            if message["type"] in RESPONSE_ENDS:
                await session.close()
                delete_aa_scope_state(scope, scope_key)

    return close_request
