"""`/login`, `/logout`: in with a password and, where there is one, a second factor; and out again."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, delete, get, post
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.scopes import Beyond, beyond
from app.domain.accounts import service as accounts
from app.domain.companies import sessions as company_sessions
from app.domain.companies.support import leave
from app.domain.people.two_factor.codes import LONGEST
from app.domain.people.two_factor.login import HalfLogin, ask_for_code, let_in
from app.domain.people.two_factor.service import take_code_try
from app.domain.people.two_factor.verification import accept_code, factor_of
from app.lib.clock import real_now
from app.lib.errors import InvalidInput
from app.lib.http import BEFORE_TWO_FACTOR, PUBLIC, AnyRequest, Injected, local_address, redirect
from app.lib.sessions import SessionConfig
from app.lib.settings import Settings
from app.lib.templating import form_page
from app.lib.throttles import Throttle

BEGIN_AGAIN = "/login?after=code-expired"


@dataclass
class Login:
    """The login form."""

    email: str = ""
    password: str = ""
    next: str = ""


@dataclass
class Code:
    """The form behind it; what is typed is never shown again."""

    code: str = ""


class LoginController(Controller):
    """`/login`, `/login/code`, `/logout`."""

    opt = PUBLIC | BEFORE_TWO_FACTOR
    tags = ("accounts",)

    @get("/login", name="login:show", sync_to_thread=False)
    def show(
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
        """Let a person in under a new session id, or ask for the code first."""
        tries = company_sessions.tries_of(request, throttle, settings, data.email)
        await tries.take()
        try:
            user = await accounts.authenticate(db_session, email=data.email, password=data.password)
        except InvalidInput as refusal:
            return login_page(request, data, refusal)
        await tries.succeed()
        if await factor_of(db_session, user.id):
            return await ask_for_code(request, sessions, user, data.next)
        return await let_in(request, sessions, db_session, settings, user, data.next)

    @get("/login/code", name="login-code:show", sync_to_thread=False)
    def show_code(self, request: AnyRequest) -> Response[Any]:
        """Ask for the code, if the password was right just now."""
        viewer = request.scope["user"]
        if viewer is not None:
            return redirect(request, viewer.home)
        return code_page(request) if HalfLogin.of(request) else redirect(request, "/login")

    @post("/login/code", name="login-code:create", status_code=200, opt=beyond(Beyond.LOGIN))
    async def create_with_code(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        sessions: Injected[SessionConfig],
        settings: Injected[Settings],
        throttle: Injected[Throttle],
        data: URLEncodedBody[Code],
    ) -> Response[Any]:
        """Let the person in whose password was right, by a code of their app or one of those on paper."""
        half, at = HalfLogin.of(request), real_now()
        user = await half.person(db_session) if half else None
        factor = await factor_of(db_session, user.id, hold=True) if user else None
        if half is None or user is None or factor is None:
            return redirect(request, BEGIN_AGAIN)
        tries = company_sessions.code_tries_of(request, throttle, settings, user.email)
        await take_code_try(db_session, user, tries, settings=settings, at=at)
        try:
            await accept_code(db_session, user, factor, data.code, settings=settings, at=at)
        except InvalidInput as refusal:
            return code_page(request, refusal)
        await tries.succeed()
        return await let_in(request, sessions, db_session, settings, user, half.next, by_code=True)

    @post("/logout", name="logout:create", status_code=200)
    async def log_out(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        next: FromQuery[str] = "",  # noqa: A002 the parameter's public name
    ) -> Response[Any]:
        """End the session; works as a plain form. `next` is where the login after it leads."""
        await leave(db_session, request.scope["user"], at=real_now())
        request.clear_session()
        further = local_address(next, "")
        return redirect(request, f"/login?next={quote(further)}" if further else "/login")

    @delete("/logout", name="logout:delete", status_code=200)
    async def end(self, request: AnyRequest, db_session: Injected[AsyncSession]) -> Response[Any]:
        """End the session; the same as a resource's removal."""
        await leave(db_session, request.scope["user"], at=real_now())
        request.clear_session()
        return redirect(request, "/login")


def login_page(
    request: AnyRequest, form: Login, refusal: InvalidInput | None = None, *, after: str = ""
) -> Template:
    """Return the form with what was typed; `after` names what led here."""
    return form_page(
        request, "accounts/login.html.j2", block="login_form", refusal=refusal, form=form, after=after
    )


def code_page(request: AnyRequest, refusal: InvalidInput | None = None) -> Template:
    """Return the field for a code of either kind."""
    return form_page(
        request, "accounts/login_code.html.j2", block="code_form", refusal=refusal, code_length=LONGEST
    )
