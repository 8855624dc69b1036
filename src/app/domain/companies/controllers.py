"""Logging in to a company and out again, and how a person likes to see the product."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller, Response, delete, get, post
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.scopes import Beyond, beyond
from app.domain.accounts import service as accounts
from app.domain.companies import sessions as company_sessions
from app.domain.companies.preferences import choose_preferences
from app.lib.clock import now
from app.lib.errors import InvalidInput
from app.lib.http import PUBLIC, AnyRequest, Injected, local_address, redirect
from app.lib.sessions import SessionConfig
from app.lib.settings import Settings
from app.lib.templating import form_page
from app.lib.throttles import Throttle


@dataclass
class Login:
    """The login form."""

    email: str = ""
    password: str = ""
    next: str = ""


@dataclass
class Preferences:
    """What a person may choose about the look; empty means unchanged."""

    language: str = ""
    color_scheme: str = ""
    next: str = ""


class LoginController(Controller):
    """`/login`, `/logout`, `/preferences`."""

    opt = PUBLIC
    tags = ("accounts",)

    @get("/login", name="login:show")
    async def show(
        self,
        request: AnyRequest,
        next: FromQuery[str] = "",  # noqa: A002 the parameter's public name
        after: FromQuery[str] = "",
    ) -> Response[Any]:
        """Show the form, or go on when already inside."""
        viewer = request.scope["user"]
        if viewer is not None:
            return redirect(request, company_sessions.way_on(viewer.user, next))
        return login_page(request, Login(next=next), after=after)

    @post("/login", name="login:create", status_code=200, opt=beyond(Beyond.LOGIN))
    async def create(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        sessions: Injected[SessionConfig],
        settings: Injected[Settings],
        throttle: Injected[Throttle],
        data: URLEncodedBody[Login],
    ) -> Response[Any]:
        """Let a person in under a new session id."""
        tries = company_sessions.tries_of(request, throttle, settings, data.email)
        await tries.take()
        try:
            user = await accounts.authenticate(db_session, email=data.email, password=data.password, at=now())
        except InvalidInput as refusal:
            return login_page(request, data, refusal)
        await company_sessions.begin(request, sessions, db_session, user)
        await tries.succeed()
        answer = redirect(request, company_sessions.way_on(user, data.next))
        return company_sessions.known_from_now_on(answer, user, settings)

    @post("/logout", name="logout:create", status_code=200)
    async def log_out(self, request: AnyRequest) -> Response[Any]:
        """End the session; works as a plain form."""
        request.clear_session()
        return redirect(request, "/login")

    @delete("/logout", name="logout:delete", status_code=200)
    async def end(self, request: AnyRequest) -> Response[Any]:
        """End the session; the same as a resource's removal."""
        request.clear_session()
        return redirect(request, "/login")

    @post("/preferences", name="preferences:update", status_code=200)
    async def prefer(self, request: AnyRequest, data: URLEncodedBody[Preferences]) -> Response[Any]:
        """Remember language and colours: in cookies for visitors, with the person when logged in."""
        answer = redirect(request, local_address(data.next, "/"))
        viewer = request.scope["user"]
        user = viewer.user if viewer else None
        choose_preferences(user, answer, language=data.language, color_scheme=data.color_scheme)
        return answer


def login_page(
    request: AnyRequest, form: Login, refusal: InvalidInput | None = None, *, after: str = ""
) -> Template:
    """Return the form with what was typed; `after` names what led here."""
    return form_page(
        request, "accounts/login.html.j2", block="login_form", refusal=refusal, form=form, after=after
    )
