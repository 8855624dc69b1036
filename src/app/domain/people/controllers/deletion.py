"""`/account/deletion`: being forgotten."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.scopes import Beyond, beyond
from app.domain.accounts.limits import PASSWORD_OF_ACCOUNT
from app.domain.companies.person import Person
from app.domain.companies.viewer import Viewer
from app.domain.people.privacy.deletion import StillOwns, delete_account, living_companies
from app.domain.people.two_factor.verification import factor_of
from app.lib.clock import real_now
from app.lib.errors import InvalidInput
from app.lib.http import BEFORE_ACCEPTANCE, BEFORE_TWO_FACTOR, FOR_PERSON, AnyRequest, Injected, redirect
from app.lib.sessions import SessionConfig
from app.lib.settings import Settings
from app.lib.templating import form_page
from app.lib.throttles import Throttle
from app.lib.uow import roll_back


@dataclass
class DeletionForm:
    """The form; what is typed is never shown again."""

    password: str = ""
    code: str = ""


class DeletionController(Controller):
    """`/account/deletion`."""

    path = "/account/deletion"
    opt = FOR_PERSON | BEFORE_ACCEPTANCE | BEFORE_TWO_FACTOR | beyond(Beyond.DELETION)

    @get("/", name="account-deletion:show")
    async def show(
        self, request: AnyRequest, db_session: Injected[AsyncSession], viewer: Injected[Viewer | Person]
    ) -> Template:
        """Say what goes and what stays, and ask for the password."""
        return await deletion_page(request, db_session, viewer)

    @post("/", name="account-deletion:create", status_code=200)
    async def create(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        sessions: Injected[SessionConfig],
        settings: Injected[Settings],
        throttle: Injected[Throttle],
        viewer: Injected[Viewer | Person],
        data: URLEncodedBody[DeletionForm],
    ) -> Response[Any] | Template:
        """Forget the person and end their sessions."""
        user, typed = viewer.user, {"password": data.password, "code": data.code}
        await throttle.take(PASSWORD_OF_ACCOUNT, str(user.id))
        try:
            await delete_account(db_session, user, **typed, settings=settings, at=real_now())
        except (InvalidInput, StillOwns) as refusal:
            await roll_back(db_session)
            return await deletion_page(request, db_session, viewer, refusal)
        await sessions.directory.end_others(user.id, sessions.get_store_from_app(request.app))
        request.clear_session()
        return redirect(request, "/login?after=account-deletion")


async def deletion_page(
    request: AnyRequest,
    session: AsyncSession,
    viewer: Viewer | Person,
    refusal: InvalidInput | StillOwns | None = None,
) -> Template:
    """Return the page with what stands in the way, and after a refusal the sentence at its field."""
    return form_page(
        request,
        "accounts/deletion.html.j2",
        block="deletion_form",
        owned=await living_companies(session, viewer.user.id),
        has_factor=await factor_of(session, viewer.user.id) is not None,
        refusal=refusal,
    )
