"""`/company/security`: whether everybody in the company needs a second factor."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.companies.permissions import Permission
from app.domain.companies.viewer import Viewer
from app.domain.people.two_factor.requirement import choose_requirement, safety_of
from app.domain.people.two_factor.verification import factor_of
from app.lib.clock import now
from app.lib.http import AnyRequest, Injected, redirect
from app.lib.templating import page


@dataclass
class Requirement:
    """The form: a button for either side of the switch."""

    required: bool = False


class SecurityController(Controller):
    """`/company/security`."""

    path = "/company/security"

    @get("/", name="company-security:show")
    async def show(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        saved: FromQuery[bool] = False,
    ) -> Template:
        """Show who has a second factor, and the switch."""
        viewer.require(Permission.REQUIRE_TWO_FACTOR)
        return page(
            request,
            "company/security.html.j2",
            block="content",
            is_required=viewer.company.requires_two_factor,
            has_factor=await factor_of(db_session, viewer.user.id) is not None,
            safety=await safety_of(db_session, viewer),
            saved=saved,
        )

    @post("/", name="company-security:update", status_code=200)
    async def update(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        data: URLEncodedBody[Requirement],
    ) -> Response[Any]:
        """Turn the switch."""
        await choose_requirement(db_session, viewer, required=data.required, at=now())
        return redirect(request, "/company/security?saved=true")
