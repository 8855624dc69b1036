"""`/account`: a person's own pages."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.accounts.limits import PASSWORD_OF_ACCOUNT
from app.domain.companies import sessions as company_sessions
from app.domain.companies.person import Person
from app.domain.companies.preferences import choose_preferences
from app.domain.companies.viewer import Viewer
from app.domain.people.devices import device_of
from app.domain.people.passwords import change_password
from app.domain.people.profile import Profile, change_profile
from app.lib.clock import now, real_now
from app.lib.errors import InvalidInput, NotFound
from app.lib.http import FOR_PERSON, AnyRequest, Injected, redirect
from app.lib.i18n import N_
from app.lib.sessions import SessionConfig
from app.lib.settings import Settings
from app.lib.templating import form_page, page
from app.lib.throttles import Throttle
from app.lib.uow import roll_back


@dataclass
class PasswordChange:
    """The form; what is typed is never shown again."""

    current: str = ""
    password: str = ""


class AccountController(Controller):
    """`/account`, `/account/password`."""

    path = "/account"
    opt = FOR_PERSON

    @get("/", name="account:show", sync_to_thread=False)
    def show(
        self, request: AnyRequest, viewer: Injected[Viewer | Person], saved: FromQuery[bool] = False
    ) -> Template:
        """Show name, language and colours."""
        return profile_page(request, Profile.of(viewer.user), saved=saved)

    @post("/", name="account:update", status_code=200)
    async def update(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer | Person],
        data: URLEncodedBody[Profile],
        settings: Injected[Settings],
    ) -> Response[Any] | Template:
        """Keep them; the page comes back in the language that was chosen."""
        try:
            change_profile(db_session, viewer.user, data, at=now())
        except InvalidInput as refusal:
            return profile_page(request, data, refusal)
        answer = redirect(request, "/account?saved=true")
        choose_preferences(None, answer, settings, language=data.language, color_scheme=data.color_scheme)
        return answer

    @get("/password", name="account-password:show", sync_to_thread=False)
    def show_password(self, request: AnyRequest, changed: FromQuery[bool] = False) -> Template:
        """Ask for the old password and a new one."""
        return password_page(request, changed=changed)

    @post("/password", name="account-password:update", status_code=200)
    async def update_password(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        sessions: Injected[SessionConfig],
        settings: Injected[Settings],
        throttle: Injected[Throttle],
        viewer: Injected[Viewer | Person],
        data: URLEncodedBody[PasswordChange],
    ) -> Response[Any] | Template:
        """Keep the new password, end every session, and begin this one anew."""
        await throttle.take(PASSWORD_OF_ACCOUNT, str(viewer.user.id))
        user, wanted = viewer.user, {"current": data.current, "password": data.password}
        try:
            await change_password(db_session, user, **wanted, settings=settings, at=now())
        except InvalidInput as refusal:
            await roll_back(db_session)
            return password_page(request, refusal)
        await sessions.directory.end_others(user.id, sessions.get_store_from_app(request.app))
        await company_sessions.begin(request, sessions, db_session, user, company_sessions.seen_in(viewer))
        return redirect(request, "/account/password?changed=true")


class SessionController(Controller):
    """`/account/sessions`."""

    path = "/account/sessions"
    opt = FOR_PERSON

    @get("/", name="account-sessions:list")
    async def show(
        self, request: AnyRequest, sessions: Injected[SessionConfig], viewer: Injected[Viewer | Person]
    ) -> Template:
        """Show where the person is logged in."""
        store, current = sessions.get_store_from_app(request.app), request.get_session_id()
        found = await sessions.directory.sessions_of(viewer.user.id, store, current=current, at=real_now())
        rows = [(one, *device_of(one.agent)) for one in found]
        return page(request, "accounts/sessions.html.j2", block="session_list", sessions=rows)

    @post("/{handle:str}/end", name="account-sessions:end", status_code=200)
    async def end(
        self,
        request: AnyRequest,
        sessions: Injected[SessionConfig],
        viewer: Injected[Viewer | Person],
        handle: FromPath[str],
    ) -> Response[Any]:
        """End one session; a cookie of it is worth nothing from now on."""
        store = sessions.get_store_from_app(request.app)
        if not await sessions.directory.end(viewer.user.id, store, handle=handle):
            raise NotFound(N_("This session has ended already."))
        return redirect(request, "/account/sessions")

    @post("/end-others", name="account-sessions:end-others", status_code=200)
    async def end_others(
        self, request: AnyRequest, sessions: Injected[SessionConfig], viewer: Injected[Viewer | Person]
    ) -> Response[Any]:
        """End every session but this one."""
        store, current = sessions.get_store_from_app(request.app), request.get_session_id()
        await sessions.directory.end_others(viewer.user.id, store, keep=current)
        return redirect(request, "/account/sessions")


def profile_page(
    request: AnyRequest, form: Profile, refusal: InvalidInput | None = None, *, saved: bool = False
) -> Template:
    """Return the form with what was typed and, after a refusal, the sentence at its field."""
    return form_page(
        request,
        "accounts/profile.html.j2",
        block="profile_form",
        form=form,
        saved=saved,
        refusal=refusal,
    )


def password_page(
    request: AnyRequest, refusal: InvalidInput | None = None, *, changed: bool = False
) -> Template:
    """Return the empty form and, after a refusal, the sentence at its field."""
    return form_page(
        request,
        "accounts/password.html.j2",
        block="password_form",
        changed=changed,
        refusal=refusal,
    )
