"""`/company`: a company's own pages: its profile, its roles, its ownership, and the way out of it."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Role
from app.domain.accounts.limits import PASSWORD_OF_ACCOUNT
from app.domain.companies import sessions as company_sessions
from app.domain.companies.permissions import ALLOWED, WORDS, Permission
from app.domain.companies.person import COMPANIES, first_company_of
from app.domain.companies.viewer import Viewer
from app.domain.people.company_profile import CompanyProfile, change_company
from app.domain.people.departures import held_by
from app.domain.people.members.ownership import hand_over, possible_owners
from app.domain.people.members.service import leave
from app.lib.clock import now
from app.lib.errors import InvalidInput
from app.lib.http import AnyRequest, Injected, redirect
from app.lib.settings import Settings
from app.lib.templating import form_page, page
from app.lib.throttles import Throttle
from app.lib.uow import roll_back


@dataclass
class Ownership:
    """The form; the password is never shown again."""

    to: str = ""
    """The membership of the new owner."""
    password: str = ""


class CompanyController(Controller):
    """`/company`, `/company/roles`, `/company/ownership`, `/company/departure`."""

    path = "/company"

    @get("/", name="company:show", sync_to_thread=False)
    def show(self, request: AnyRequest, viewer: Injected[Viewer], saved: FromQuery[bool] = False) -> Template:
        """Show name and language."""
        viewer.require(Permission.SEE_MEMBERS)
        return profile_page(request, CompanyProfile.of(viewer.company), saved=saved)

    @post("/", name="company:update", status_code=200)
    async def update(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        data: URLEncodedBody[CompanyProfile],
    ) -> Response[Any] | Template:
        """Keep them."""
        try:
            await change_company(db_session, viewer, data, at=now())
        except InvalidInput as refusal:
            return profile_page(request, data, refusal)
        return redirect(request, "/company?saved=true")

    @get("/roles", name="company-roles:show", sync_to_thread=False)
    def roles(self, request: AnyRequest, viewer: Injected[Viewer]) -> Template:
        """Print the table of roles that the code itself reads."""
        viewer.require(Permission.SEE_MEMBERS)
        template, roles = "company/roles.html.j2", list(Role)
        return page(request, template, block="content", words=WORDS, allowed=ALLOWED, roles=roles)

    @get("/ownership", name="company-ownership:show")
    async def ownership(
        self, request: AnyRequest, db_session: Injected[AsyncSession], viewer: Injected[Viewer]
    ) -> Template:
        """Ask who is to own the company."""
        return await ownership_page(request, db_session, viewer, Ownership())

    @post("/ownership", name="company-ownership:update", status_code=200)
    async def change_ownership(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        settings: Injected[Settings],
        throttle: Injected[Throttle],
        viewer: Injected[Viewer],
        data: URLEncodedBody[Ownership],
    ) -> Response[Any] | Template:
        """Make another member the owner."""
        viewer.require(Permission.TRANSFER_OWNERSHIP)
        await throttle.take(PASSWORD_OF_ACCOUNT, str(viewer.user.id))
        wanted = {"to": data.to, "password": data.password, "base_url": settings.base_url}
        try:
            await hand_over(db_session, viewer, **wanted, at=now())
        except InvalidInput as refusal:
            await roll_back(db_session)
            return await ownership_page(request, db_session, viewer, data, refusal)
        return redirect(request, "/company/members")

    @get("/departure", name="company-departure:show")
    async def departure(
        self, request: AnyRequest, db_session: Injected[AsyncSession], viewer: Injected[Viewer]
    ) -> Template:
        """Say what leaving means."""
        held = await held_by(db_session, viewer.company.id, viewer.user.id)
        return page(request, "company/departure.html.j2", block="content", workspaces=held)

    @post("/departure", name="company-departure:create", status_code=200)
    async def depart(
        self, request: AnyRequest, db_session: Injected[AsyncSession], viewer: Injected[Viewer]
    ) -> Response[Any]:
        """Leave, and go on in another company or in none."""
        await leave(db_session, viewer, at=now())
        company_sessions.look_at(request, await first_company_of(db_session, viewer.user.id))
        return redirect(request, COMPANIES)


def profile_page(
    request: AnyRequest, form: CompanyProfile, refusal: InvalidInput | None = None, *, saved: bool = False
) -> Template:
    """Return the form with what was typed and, after a refusal, the sentence at its field."""
    return form_page(
        request, "company/profile.html.j2", block="profile_form", form=form, saved=saved, refusal=refusal
    )


async def ownership_page(
    request: AnyRequest,
    session: AsyncSession,
    viewer: Viewer,
    form: Ownership,
    refusal: InvalidInput | None = None,
) -> Template:
    """Return the form with who may be chosen and, after a refusal, the sentence at its field."""
    heirs = await possible_owners(session, viewer)
    return form_page(
        request,
        "company/ownership.html.j2",
        block="ownership_form",
        form=form,
        heirs=[(str(heir.membership.id), f"{heir.user.full_name} · {heir.user.email}") for heir in heirs],
        refusal=refusal,
    )
