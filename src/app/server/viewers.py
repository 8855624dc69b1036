"""Who a request is from: looked up in the request's own transaction, within what that one may see."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.types import Scope
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.scopes import BEYOND, Beyond, declare, declare_nothing, of_platform
from app.domain.accounts.operators import operator_of
from app.domain.companies.support import IN_SESSION, operator_in
from app.lib.clock import real_now
from app.lib.http import client_of
from app.lib.session_directory import SessionDirectory
from app.lib.sessions import ENDS_AT
from app.lib.settings import Settings
from app.lib.templating import current_language
from app.server.customers import Somebody, customer_of, scope_of_customer
from app.server.gates import may_enter
from app.server.plugins import Alchemy
from app.server.support import scope_in_support

Session = dict[str, Any]


class Viewers:
    """Finds the person of a session, and remembers that the session was used."""

    def __init__(self, alchemy: Alchemy, directory: SessionDirectory, settings: Settings) -> None:
        self._alchemy, self._directory, self._settings = alchemy, directory, settings

    async def look_up(self, scope: Scope) -> Somebody | None:
        """Return whoever is logged in, or nothing. Raises `TwoFactorMissing`.

        What a handler sees beyond one company is declared by its own option, and by nothing that is found
        here (`app.db.scopes`).
        """
        opt = scope["route_handler"].opt
        if BEYOND in opt:
            declare(self._database(scope), of_platform(opt[BEYOND]))
        session = None if opt.get("skip_session") else scope.get("session")
        if not isinstance(session, dict) or "user_id" not in session:
            return None
        viewer = await self._person(scope, session)
        if viewer is None or not may_enter(viewer, opt, self._settings):
            if BEYOND not in opt:
                await declare_nothing(self._database(scope))
            return None
        current_language.set(viewer.user.language)
        await self._note_use(ASGIConnection(scope), viewer.user.id, session)
        return viewer

    async def _person(self, scope: Scope, session: Session) -> Somebody | None:
        database, opt = self._database(scope), scope["route_handler"].opt
        declares, in_console = BEYOND not in opt, bool(opt.get("for_operators"))
        if declares:
            declare(database, scope_in_support(session, in_console=in_console) or _scope_of(session))
        if "company_id" in session:
            return await customer_of(database, scope, session, declares=declares)
        who = {"user_id": UUID(session["user_id"]), "session_epoch": session["session_epoch"]}
        if IN_SESSION not in session:
            return await operator_of(database, **who)
        access_id = UUID(session[IN_SESSION]["access_id"])
        return await operator_in(database, access_id=access_id, in_console=in_console, at=real_now(), **who)

    async def _note_use(
        self, connection: ASGIConnection[Any, Any, Any, Any], user_id: UUID, session: Session
    ) -> None:
        if session_id := connection.get_session_id():
            ends_at = datetime.fromtimestamp(session[ENDS_AT], UTC)
            client = client_of(connection)
            await self._directory.touch(user_id, session_id, **client, at=real_now(), ends_at=ends_at)

    def _database(self, scope: Scope) -> AsyncSession:
        """Return the request's session, the one that its handler gets."""
        return self._alchemy.provide_session(scope["litestar_app"].state, scope)


def _scope_of(session: Session) -> str:
    """Return what a logged-in person's transaction may see: it is declared before they are looked up, and
    taken back where there is nobody."""
    if "company_id" not in session:
        return of_platform(Beyond.CONSOLE)
    return scope_of_customer(session)
