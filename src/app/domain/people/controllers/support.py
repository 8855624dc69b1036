"""`/company/support`: who of the service looked at the company, and whether anybody may."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.companies.permissions import Permission
from app.domain.companies.viewer import Viewer
from app.domain.people import support
from app.lib.clock import real_now
from app.lib.http import AnyRequest, Injected, redirect
from app.lib.templating import page


@dataclass
class Switch:
    """The form: a box that is not ticked is not sent."""

    allowed: str = ""


class CompanySupportController(Controller):
    """`/company/support`."""

    path = support.PATH

    @get("/", name="company_support:show")
    async def show(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        saved: FromQuery[bool] = False,
    ) -> Template:
        """Show who looks, who looked, and whether anybody may."""
        viewer.require(Permission.SEE_ACTIVITY)
        return page(
            request,
            "company/support.html.j2",
            block="content",
            accesses=await support.accesses_of(db_session, viewer.company.id),
            at=real_now(),
            saved=saved,
        )

    @post("/", name="company_support:update", status_code=200)
    async def update(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        data: URLEncodedBody[Switch],
    ) -> Response[Any]:
        """Allow support access, or forbid it and end what runs."""
        viewer.require(Permission.ALLOW_SUPPORT)
        company_id, allowed = viewer.company.id, bool(data.allowed)
        await support.set_allowed(db_session, viewer.user, company_id, allowed=allowed, at=real_now())
        return redirect(request, f"{support.PATH}?saved=true")

    @post("/{access_id:uuid}/end", name="company_support:end", status_code=200)
    async def end(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        access_id: FromPath[UUID],
    ) -> Response[Any]:
        """End an access at once."""
        viewer.require(Permission.ALLOW_SUPPORT)
        await support.end_for_company(db_session, viewer.user, viewer.company.id, access_id, at=real_now())
        return redirect(request, support.PATH)
