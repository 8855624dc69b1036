"""Sessions, who is logged in, and forgery protection."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar.config.csrf import CSRFConfig
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from app.domain.companies.viewer import Viewer, viewer_of
from app.lib.crypto import derive_secret
from app.lib.sessions import SessionConfig
from app.lib.settings import Settings
from app.lib.templating import current_language
from app.server.plugins import Alchemy

SESSION_LENGTH = timedelta(days=14)


def session_config(settings: Settings) -> SessionConfig:
    """Return the session settings; over https the cookie is bound to this very host."""
    return SessionConfig(
        key="__Host-session" if settings.is_https else "session",
        max_age=int(SESSION_LENGTH.total_seconds()),
        renew_on_access=True,
        secure=settings.is_https,
        httponly=True,
        samesite="lax",
        exclude_opt_key="skip_session",
        store="sessions",
    )


def csrf_config(settings: Settings) -> CSRFConfig:
    """Return the forgery protection: a double-submitted token on every unsafe route but the webhook."""
    return CSRFConfig(
        secret=derive_secret(settings.secret_key, "csrf"),
        cookie_name="__Host-csrf" if settings.is_https else "csrf",
        cookie_secure=settings.is_https,
        cookie_httponly=True,
        cookie_samesite="lax",
        exclude_from_csrf_key="exclude_from_csrf",
    )


class ViewerMiddleware(ASGIMiddleware):
    """Puts the `Viewer` of the session, or nothing, into the scope; `requires_login` guards the pages."""

    scopes = (ScopeType.HTTP,)
    exclude_opt_key = "skip_session"

    def __init__(self, alchemy: Alchemy) -> None:
        self._alchemy = alchemy

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Look the viewer up in the request's own transaction."""
        scope["user"] = await self._viewer(ASGIConnection(scope))
        await next_app(scope, receive, send)

    async def _viewer(self, connection: ASGIConnection[Any, Any, Any, Any]) -> Viewer | None:
        session: Any = connection.scope.get("session")
        if not isinstance(session, dict) or "user_id" not in session:
            return None
        viewer = await viewer_of(
            self._alchemy.provide_session(connection.app.state, connection.scope),
            user_id=UUID(session["user_id"]),
            company_id=UUID(session["company_id"]),
            session_epoch=session["session_epoch"],
        )
        if viewer is not None:
            current_language.set(viewer.user.language)
        return viewer


def requires_login(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Guard of everything that is not marked public; the error page turns it into a way to log in."""
    if handler.opt.get("exclude_from_auth"):
        return
    if connection.scope.get("user") is None:
        raise NotAuthorizedException
