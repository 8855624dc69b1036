"""Another e-mail address: asking for it in the account, and confirming it at both addresses."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import EmailChangeOutcome
from app.db.scopes import Beyond, beyond
from app.domain.accounts.limits import (
    EMAIL_CHANGE_OF_ACCOUNT,
    EMAIL_CHANGE_TO_ADDRESS,
    PASSWORD_OF_ACCOUNT,
    account_key,
)
from app.domain.companies import sessions as company_sessions
from app.domain.companies.viewer import Viewer
from app.domain.people.email_change import (
    Visit,
    ask_for_change,
    confirm_change,
    open_change_of,
    refuse_change,
    visit_of,
    withdraw_change,
    write_again,
)
from app.domain.people.email_letters import PATH
from app.domain.people.links import LinkUseless
from app.lib.clock import real_now
from app.lib.errors import InvalidInput
from app.lib.http import PUBLIC, AnyRequest, Injected, redirect
from app.lib.sessions import SessionConfig
from app.lib.settings import Settings
from app.lib.templating import form_page
from app.lib.throttles import Throttle
from app.lib.uow import roll_back

HERE = "/account/email"


@dataclass
class NewAddress:
    """The form; the password is never shown again."""

    email: str = ""
    current: str = ""


class EmailController(Controller):
    """`/account/email`."""

    path = HERE

    @get("/", name="account-email:show")
    async def show(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        sent: FromQuery[bool] = False,
    ) -> Template:
        """Show the address, whether it is confirmed, and the change that waits."""
        return await email_page(request, db_session, viewer, NewAddress(), sent=sent)

    @post("/", name="account-email:update", status_code=200, opt=beyond(Beyond.EMAIL_CHANGE))
    async def update(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        settings: Injected[Settings],
        throttle: Injected[Throttle],
        viewer: Injected[Viewer],
        data: URLEncodedBody[NewAddress],
    ) -> Response[Any] | Template:
        """Ask for another address; nothing changes before both have confirmed."""
        await take_tries(throttle, viewer, data)
        wanted = {"email": data.email, "current": data.current}
        try:
            await ask_for_change(db_session, viewer.user, **wanted, settings=settings, at=real_now())
        except InvalidInput as refusal:
            await roll_back(db_session)
            return await email_page(request, db_session, viewer, data, refusal)
        return redirect(request, HERE)

    @post("/letters", name="account-email:letters", status_code=200, opt=beyond(Beyond.EMAIL_CHANGE))
    async def write(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        settings: Injected[Settings],
        throttle: Injected[Throttle],
        viewer: Injected[Viewer],
    ) -> Response[Any]:
        """Write again to whoever has not confirmed."""
        await throttle.take(EMAIL_CHANGE_OF_ACCOUNT, str(viewer.user.id))
        await write_again(db_session, viewer.user, settings=settings, at=real_now())
        return redirect(request, f"{HERE}?sent=true")

    @post("/withdrawal", name="account-email:withdraw", status_code=200)
    async def withdraw(
        self, request: AnyRequest, db_session: Injected[AsyncSession], viewer: Injected[Viewer]
    ) -> Response[Any]:
        """Take the change back; its links open nothing any more."""
        await withdraw_change(db_session, viewer.user, at=real_now())
        return redirect(request, HERE)


class EmailChangeController(Controller):
    """`/email-change`: for whoever has a link, on any device; opening it changes nothing."""

    path = PATH
    opt = PUBLIC | beyond(Beyond.EMAIL_LINK)

    @get("/{token:str}", name="email-change:show")
    async def show(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        settings: Injected[Settings],
        token: FromPath[str],
    ) -> Template:
        """Show what is asked of this address, or what became of it."""
        try:
            visit = await visit_of(db_session, token, settings=settings, at=real_now())
        except LinkUseless as useless:
            return link_page(request, refusal=useless)
        return link_page(request, visit=visit, token=token)

    @post("/{token:str}", name="email-change:confirm", status_code=200)
    async def confirm(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        sessions: Injected[SessionConfig],
        settings: Injected[Settings],
        token: FromPath[str],
    ) -> Response[Any] | Template:
        """Confirm this address; with the second one the account moves, and every other session ends."""
        at = real_now()
        try:
            visit = await confirm_change(db_session, token, settings=settings, at=at)
        except LinkUseless as useless:
            return link_page(request, refusal=useless)
        answer = redirect(request, f"{PATH}/{token}")
        if visit.became(EmailChangeOutcome.DONE, at):
            await begin_anew(request, sessions, db_session, settings, visit, answer)
        return answer

    @post("/{token:str}/refusal", name="email-change:refuse", status_code=200)
    async def refuse(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        sessions: Injected[SessionConfig],
        settings: Injected[Settings],
        token: FromPath[str],
    ) -> Response[Any] | Template:
        """Stop the change, and end every session: somebody else asked for it."""
        at = real_now()
        try:
            visit = await refuse_change(db_session, token, settings=settings, at=at)
        except LinkUseless as useless:
            return link_page(request, refusal=useless)
        if visit.became(EmailChangeOutcome.REFUSED, at):
            await sessions.directory.end_others(visit.user.id, sessions.get_store_from_app(request.app))
        return redirect(request, f"{PATH}/{token}")


async def take_tries(throttle: Throttle, viewer: Viewer, form: NewAddress) -> None:
    """Count one try at the password, one change, and one letter to a mailbox that may be a stranger's."""
    account = str(viewer.user.id)
    await throttle.take(PASSWORD_OF_ACCOUNT, account)
    await throttle.take(EMAIL_CHANGE_OF_ACCOUNT, account)
    await throttle.take(EMAIL_CHANGE_TO_ADDRESS, account_key(form.email))


async def begin_anew(
    request: AnyRequest,
    sessions: SessionConfig,
    session: AsyncSession,
    settings: Settings,
    visit: Visit,
    answer: Response[Any],
) -> None:
    """End every session of the person; where this browser has one, it goes on under the new address."""
    viewer, user = request.scope["user"], visit.user
    await sessions.directory.end_others(user.id, sessions.get_store_from_app(request.app))
    if isinstance(viewer, Viewer) and viewer.user.id == user.id:
        await company_sessions.begin(request, sessions, session, user, viewer.company.id)
        company_sessions.known_from_now_on(answer, user, settings)


async def email_page(
    request: AnyRequest,
    session: AsyncSession,
    viewer: Viewer,
    form: NewAddress,
    refusal: InvalidInput | None = None,
    *,
    sent: bool = False,
) -> Template:
    """Return the person's address with what waits, and the form with what was typed."""
    return form_page(
        request,
        "accounts/email.html.j2",
        block="email_form",
        change=await open_change_of(session, viewer.user, at=real_now()),
        form=form,
        sent=sent,
        refusal=refusal,
    )


def link_page(
    request: AnyRequest,
    *,
    visit: Visit | None = None,
    token: str = "",
    refusal: LinkUseless | None = None,
) -> Template:
    """Return what stands behind a link: what is asked, what became of it, or why it opens nothing."""
    return form_page(
        request,
        "accounts/email_change.html.j2",
        block="change",
        visit=visit,
        token=token,
        refusal=refusal,
    )
