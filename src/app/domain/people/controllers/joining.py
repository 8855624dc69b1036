"""`/invitations/{token}`: where the letter of an invitation leads."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import User
from app.db.scopes import Beyond, beyond
from app.domain.accounts.limits import JOINING_OF_ADDRESS
from app.domain.companies import sessions as company_sessions
from app.domain.companies.viewer import Viewer
from app.domain.people.invitations.acceptance import (
    InvitationUseless,
    NewPerson,
    accept_anew,
    accept_as,
    has_account,
    invitation_of,
    refusal_of,
)
from app.domain.people.invitations.letters import PATH
from app.lib.clock import real_now
from app.lib.errors import InvalidInput, NotAllowed
from app.lib.http import PUBLIC, AnyRequest, Injected, address_of, redirect
from app.lib.sessions import SessionConfig
from app.lib.settings import Settings
from app.lib.templating import current_language, form_page
from app.lib.throttles import Throttle, network_of
from app.lib.uow import roll_back


@dataclass
class Joining:
    """The form of who has no account yet; the password is never shown again."""

    full_name: str = ""
    password: str = ""
    accept_terms: str = ""

    def read(self) -> NewPerson:
        """Return the form as the service takes it."""
        return NewPerson(self.full_name, self.password, bool(self.accept_terms))


class JoiningController(Controller):
    """`/invitations/{token}`."""

    path = PATH
    opt = PUBLIC | beyond(Beyond.INVITATION)

    @get("/{token:str}", name="invitations:show")
    async def show(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        settings: Injected[Settings],
        token: FromPath[str],
    ) -> Template:
        """Show who invites where, and the way in that fits who looks; changes nothing."""
        return await joining_page(request, db_session, settings, token, Joining())

    @post("/{token:str}", name="invitations:accept", status_code=200)
    async def accept(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        sessions: Injected[SessionConfig],
        settings: Injected[Settings],
        throttle: Injected[Throttle],
        token: FromPath[str],
        data: URLEncodedBody[Joining],
    ) -> Response[Any] | Template:
        """Let the person in, and show them the company."""
        await throttle.take(JOINING_OF_ADDRESS, network_of(address_of(request)))
        viewer = request.scope["user"]
        try:
            return await join(request, db_session, sessions, settings, token, data, viewer and viewer.user)
        except (InvalidInput, NotAllowed, InvitationUseless) as refusal:
            await roll_back(db_session)
            refused = refusal if isinstance(refusal, InvalidInput) else None
            return await joining_page(request, db_session, settings, token, data, refused)


async def join(
    request: AnyRequest,
    session: AsyncSession,
    sessions: SessionConfig,
    settings: Settings,
    token: str,
    form: Joining,
    user: User | None,
) -> Response[Any]:
    """Accept as who is logged in, or as the new person of the form; return the way on."""
    if user is not None:
        company_id = await accept_as(session, token, user, settings=settings, at=real_now())
        company_sessions.look_at(request, company_id)
        return redirect(request, Viewer.home)
    where = {"language": current_language.get(), "address": address_of(request)}
    user, company_id = await accept_anew(
        session, token, form.read(), **where, settings=settings, at=real_now()
    )
    await company_sessions.begin(request, sessions, session, user, company_id)
    return company_sessions.known_from_now_on(redirect(request, Viewer.home), user, settings)


async def joining_page(
    request: AnyRequest,
    session: AsyncSession,
    settings: Settings,
    token: str,
    form: Joining,
    refusal: InvalidInput | None = None,
) -> Template:
    """Return the page for who looks: to join, to log in, to sign up, or why the link opens nothing."""
    viewer = request.scope["user"]
    visitor: User | None = viewer.user if viewer else None
    template = {"template": "company/invitation.html.j2", "block": "invitation"}
    try:
        invitation = await invitation_of(session, token, settings=settings, at=real_now())
    except InvitationUseless as useless:
        return form_page(request, **template, refusal=useless, invitation=None, useless=useless)
    refused = refusal_of(invitation, visitor) if visitor else None
    return form_page(
        request,
        **template,
        refusal=refusal or refused,
        form=form,
        visitor=visitor,
        invitation=invitation,
        refused=refused,
        has_account=await has_account(session, invitation),
    )
