"""Sessions, and who is logged in."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.exceptions import NotAuthorizedException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.scopes import BEYOND, Beyond, declare, declare_nothing, of_platform
from app.domain.accounts.legal_acceptance import AcceptanceMissing, is_asked
from app.domain.accounts.operators import Operator, operator_of
from app.domain.accounts.verification import require_verified
from app.domain.companies.support import IN_SESSION, operator_in
from app.domain.companies.viewer import Viewer
from app.domain.people.two_factor.requirement import TwoFactorMissing, lacks_two_factor
from app.lib.clock import real_now, standing_at
from app.lib.errors import NotAllowed
from app.lib.http import client_of
from app.lib.i18n import N_
from app.lib.session_directory import SessionDirectory
from app.lib.sessions import ENDS_AT, IDLE_FOR, LASTS_FOR, SessionConfig
from app.lib.settings import Settings
from app.lib.templating import current_language
from app.lib.throttles import Throttle
from app.server.customers import Somebody, customer_of, is_out_of_place, lead_to_companies, scope_of_customer
from app.server.plugins import Alchemy
from app.server.support import (
    looks_as_support,
    recorded_as,
    require_support_reach,
    scope_in_support,
)


def session_config(settings: Settings, redis: Redis) -> SessionConfig:
    """Return the session settings; over https the cookie is bound to this very host.

    The cookie lasts as long as a session may; an idle one ends earlier, in the store.
    """
    return SessionConfig(
        directory=SessionDirectory(redis, lifetime=IDLE_FOR),
        key="__Host-session" if settings.is_https else "session",
        max_age=int(LASTS_FOR.total_seconds()),
        renew_on_access=True,
        secure=settings.is_https,
        httponly=True,
        samesite="lax",
        exclude_opt_key="skip_session",
        store="sessions",
    )


class ViewerMiddleware(ASGIMiddleware):
    """Puts the session's `Viewer`, `Operator` or nothing into the scope, and asks strangers to log in.

    Everything needs a login that is not marked public, and is either for customers or for operators. A
    guard would say the same, but Litestar copies the connection for each guard, on every request.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(
        self, alchemy: Alchemy, directory: SessionDirectory, throttle: Throttle, settings: Settings
    ) -> None:
        self._alchemy, self._directory, self._throttle = alchemy, directory, throttle
        self._settings = settings

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Look the viewer up in the request's own transaction."""
        opt = scope["route_handler"].opt
        if BEYOND in opt:
            declare(self._database(scope), of_platform(opt[BEYOND]))
        scope["user"] = None if opt.get("skip_session") else await self._viewer(ASGIConnection(scope))
        if not opt.get("exclude_from_auth"):
            require_side(scope["user"], opt)
            if is_out_of_place(scope["user"], opt):
                await lead_to_companies(scope, receive, send)
                return
            require_acceptance(scope["user"], opt)
        require_support_reach(scope)
        if opt.get("for_verified") and not looks_as_support(scope["user"]):
            require_verified(scope["user"].user)
        if "limit" in opt:
            await self._throttle.take(opt["limit"], str(scope["user"].company.id))
        with standing_at(time_of(scope["user"])), recorded_as(scope["user"]):
            await next_app(scope, receive, send)

    async def _viewer(self, connection: ASGIConnection[Any, Any, Any, Any]) -> Somebody | None:
        session: Any = connection.scope.get("session")
        if not isinstance(session, dict) or "user_id" not in session:
            return None
        database = self._database(connection.scope)
        opt = connection.scope["route_handler"].opt
        declares, in_console = BEYOND not in opt, bool(opt.get("for_operators"))
        if declares:
            declare(database, scope_in_support(session, in_console=in_console) or scope_of(session))
        who = {"user_id": UUID(session["user_id"]), "session_epoch": session["session_epoch"]}
        viewer: Somebody | None
        if "company_id" in session:
            viewer = await customer_of(database, connection.scope, session, declares=declares)
        elif IN_SESSION in session:
            access_id = UUID(session[IN_SESSION]["access_id"])
            viewer = await operator_in(
                database, access_id=access_id, in_console=in_console, at=real_now(), **who
            )
        else:
            viewer = await operator_of(database, **who)
        if viewer is not None and not may_enter(viewer, opt, self._settings):
            viewer = None
        if viewer is None and declares:
            await declare_nothing(database)
        if viewer is not None:
            current_language.set(viewer.user.language)
            if session_id := connection.get_session_id():
                ends_at = datetime.fromtimestamp(session[ENDS_AT], UTC)
                client = client_of(connection)
                await self._directory.touch(
                    viewer.user.id, session_id, **client, at=real_now(), ends_at=ends_at
                )
        return viewer

    def _database(self, scope: Scope) -> AsyncSession:
        """Return the request's session, the one that its handler gets."""
        return self._alchemy.provide_session(scope["litestar_app"].state, scope)


def scope_of(session: dict[str, Any]) -> str:
    """Return what a logged-in person's transaction may see: it is declared before their viewer is looked up,
    and taken back where there is none."""
    if "company_id" not in session:
        return of_platform(Beyond.CONSOLE)
    return scope_of_customer(session)


def may_enter(viewer: Somebody, opt: Mapping[str, Any], settings: Settings) -> bool:
    """Say whether somebody may be themselves here, who may lack the second factor that is required of them.

    Raises `TwoFactorMissing` on private pages; a public one is shown to them as to any visitor.
    """
    if opt.get("before_two_factor") or not lacks_two_factor(viewer, settings):
        return True
    if not opt.get("exclude_from_auth"):
        raise TwoFactorMissing
    return False


def require_acceptance(viewer: Somebody | None, opt: Mapping[str, Any]) -> None:
    """Raise `AcceptanceMissing` for who belongs to a company and has not accepted what is in force.

    A second factor that is required comes first.
    """
    is_open = opt.get("before_acceptance") or opt.get("before_two_factor")
    if not is_open and isinstance(viewer, Viewer) and not looks_as_support(viewer) and is_asked(viewer.user):
        raise AcceptanceMissing


def time_of(viewer: Somebody | None) -> datetime | None:
    """Return where the clock of a customer's company stands: for that company it is never another time."""
    return viewer.clock.at if isinstance(viewer, Viewer) and viewer.clock else None


def require_side(viewer: Somebody | None, opt: Mapping[str, Any]) -> None:
    """Ask strangers to log in; refuse customers the console, and operators what belongs to a company."""
    if viewer is None:
        raise NotAuthorizedException
    if opt.get("for_either_side"):
        return
    for_operators = bool(opt.get("for_operators"))
    if isinstance(viewer, Operator) and viewer.support_is_over and not for_operators:
        raise NotAllowed(N_("Your support access to this company is over."))
    if isinstance(viewer, Operator) and not for_operators:
        raise NotAllowed(N_("This page belongs to a company. You are logged in as an operator."))
    if for_operators and not isinstance(viewer, Operator):
        raise NotAllowed(N_("Only operators of the service see this page."))
