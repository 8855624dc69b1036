"""`/account/companies`, `/company/switch`: which companies are a person's, and which one they look at."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.companies import sessions as company_sessions
from app.domain.companies.person import COMPANIES, Person, company_of, memberships_of
from app.domain.companies.viewer import Viewer
from app.lib.http import BEFORE_TWO_FACTOR, FOR_PERSON, AnyRequest, Injected, redirect
from app.lib.templating import page


@dataclass
class Switch:
    """The company to look at."""

    company_id: str = ""


class CompaniesController(Controller):
    """`/account/companies`, `/company/switch`."""

    opt = FOR_PERSON | BEFORE_TWO_FACTOR

    @get(COMPANIES, name="account-companies:list")
    async def show(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer | Person],
        moved: FromQuery[bool] = False,
    ) -> Template:
        """Show them; `moved` says that the one that was looked at is theirs no more."""
        return page(
            request,
            "accounts/companies.html.j2",
            block="content",
            companies=await memberships_of(db_session, viewer.user.id),
            current_id=viewer.company.id if isinstance(viewer, Viewer) else None,
            moved=moved,
        )

    @post("/company/switch", name="company:switch", status_code=200)
    async def switch(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer | Person],
        data: URLEncodedBody[Switch],
    ) -> Response[Any]:
        """Look at another company of theirs from now on, in every tab."""
        company_id = await company_of(db_session, viewer.user.id, data.company_id)
        company_sessions.look_at(request, company_id)
        return redirect(request, Viewer.home)
