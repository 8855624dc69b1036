"""Sessions, and the way of each request from its session to its handler."""

from datetime import datetime

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send
from redis.asyncio import Redis

from app.domain.accounts.cookies import SESSION, host_name
from app.domain.companies.viewer import Viewer
from app.lib.clock import standing_at
from app.lib.session_directory import SessionDirectory
from app.lib.sessions import IDLE_FOR, LASTS_FOR, SessionConfig
from app.lib.settings import Settings
from app.lib.throttles import Throttle
from app.server.customers import Somebody, is_out_of_place, lead_to_companies
from app.server.gates import require_login, require_reach, require_terms, take_try
from app.server.support import recorded_as
from app.server.viewers import Viewers


def session_config(settings: Settings, redis: Redis) -> SessionConfig:
    """Return the session settings; over https the cookie is bound to this very host.

    The cookie lasts as long as a session may; an idle one ends earlier, in the store.
    """
    return SessionConfig(
        directory=SessionDirectory(redis, lifetime=IDLE_FOR),
        key=host_name(SESSION, settings),
        max_age=int(LASTS_FOR.total_seconds()),
        renew_on_access=True,
        secure=settings.is_https,
        httponly=True,
        samesite="lax",
        exclude_opt_key="skip_session",
        store="sessions",
    )


class ViewerMiddleware(ASGIMiddleware):
    """Puts whoever is logged in, or nothing, into the scope, and leads them through the gates.

    Everything needs a login that is not marked public, and is either for customers or for operators.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, viewers: Viewers, throttle: Throttle) -> None:
        self._viewers, self._throttle = viewers, throttle

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Find the person, pass the gates, then let the handler run in the company's own time."""
        opt = scope["route_handler"].opt
        viewer = scope["user"] = await self._viewers.look_up(scope)
        require_login(viewer, opt)
        if is_out_of_place(viewer, opt):
            await lead_to_companies(scope, receive, send)
            return
        require_terms(viewer, opt)
        require_reach(scope)
        await take_try(viewer, opt, self._throttle)
        with standing_at(time_of(viewer)), recorded_as(viewer):
            await next_app(scope, receive, send)


def time_of(viewer: Somebody | None) -> datetime | None:
    """Return where the clock of a customer's company stands: for that company it is never another time."""
    return viewer.clock.at if isinstance(viewer, Viewer) and viewer.clock else None
