"""`/password-reset`: the way back in for who has forgotten the password."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.scopes import Beyond, beyond
from app.domain.accounts.limits import RESET_OF_ACCOUNT, RESET_OF_ADDRESS, account_key
from app.domain.accounts.service import require_email
from app.domain.companies import sessions as company_sessions
from app.domain.people.links import LinkUseless
from app.domain.people.passwords import holder_of, request_reset, reset_password
from app.lib.clock import now
from app.lib.errors import InvalidInput
from app.lib.http import PUBLIC, AnyRequest, Injected, address_of, redirect
from app.lib.settings import Settings
from app.lib.templating import form_page, page
from app.lib.throttles import Throttle, network_of
from app.lib.uow import commit, roll_back

ANSWER_AFTER = 0.4
"""Seconds until the answer, whether we know the address or not: longer than either takes."""


@dataclass
class Request:
    """The form that asks for the mail."""

    email: str = ""


@dataclass
class NewPassword:
    """The form behind the link; what is typed is never shown again."""

    password: str = ""


class PasswordResetController(Controller):
    """`/password-reset`."""

    path = "/password-reset"
    opt = PUBLIC | beyond(Beyond.PASSWORD_RESET)

    @get("/", name="password-reset:show", sync_to_thread=False)
    def show(self, request: AnyRequest) -> Template:
        """Ask for the address."""
        return request_page(request, Request())

    @post("/", name="password-reset:create", status_code=200)
    async def create(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        settings: Injected[Settings],
        throttle: Injected[Throttle],
        data: URLEncodedBody[Request],
    ) -> Template:
        """Send the mail, and say the same after the same time to everybody."""
        began = time.monotonic()
        try:
            email = require_email(data.email)
        except InvalidInput as refusal:
            return request_page(request, data, refusal)
        await throttle.take(RESET_OF_ADDRESS, network_of(address_of(request)))
        await throttle.take(RESET_OF_ACCOUNT, account_key(email))
        await request_reset(db_session, email, settings=settings, at=now())
        await commit(db_session)
        await asyncio.sleep(max(0.0, began + ANSWER_AFTER - time.monotonic()))
        return page(request, "accounts/password_reset.html.j2", block="reset_form", sent_to=email, errors={})

    @get("/{token:str}", name="password-reset:choose")
    async def choose(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        settings: Injected[Settings],
        token: FromPath[str],
    ) -> Template:
        """Ask for the new password, if the link is still good."""
        try:
            await holder_of(db_session, token, settings=settings, at=now())
        except LinkUseless as useless:
            return request_page(request, Request(), useless)
        return password_page(request, token)

    @post("/{token:str}", name="password-reset:update", status_code=200)
    async def update(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        settings: Injected[Settings],
        token: FromPath[str],
        data: URLEncodedBody[NewPassword],
    ) -> Response[Any] | Template:
        """Keep the new password; who has it logs in with it."""
        try:
            user = await reset_password(db_session, token, data.password, settings=settings, at=now())
        except LinkUseless as useless:
            return request_page(request, Request(), useless)
        except InvalidInput as refusal:
            await roll_back(db_session)
            return password_page(request, token, refusal)
        answer = redirect(request, "/login?after=password-reset")
        return company_sessions.known_from_now_on(answer, user, settings)


def request_page(
    request: AnyRequest, form: Request, refusal: InvalidInput | LinkUseless | None = None
) -> Template:
    """Return the page that asks for the address, with the sentence that led back to it."""
    return form_page(
        request,
        "accounts/password_reset.html.j2",
        block="reset_form",
        refusal=refusal,
        form=form,
        sent_to=None,
    )


def password_page(request: AnyRequest, token: str, refusal: InvalidInput | None = None) -> Template:
    """Return the page that asks for the new password."""
    return form_page(
        request,
        "accounts/new_password.html.j2",
        block="password_form",
        token=token,
        refusal=refusal,
    )
