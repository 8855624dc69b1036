"""`/company/closing`: the owner ends a company."""

from typing import Any

from litestar import Controller, Response, get, post
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.billing.closing.service import StillRuns, request_closing, take_back_closing
from app.domain.companies.permissions import Permission
from app.domain.companies.viewer import Viewer
from app.domain.subscriptions.queries import newest_subscription
from app.lib.clock import now
from app.lib.http import BEFORE_ACCEPTANCE, AnyRequest, Injected, redirect
from app.lib.templating import form_page
from app.lib.uow import roll_back


class ClosingController(Controller):
    """`/company/closing`."""

    path = "/company/closing"
    opt = BEFORE_ACCEPTANCE

    @get("/", name="closing:show")
    async def show(
        self, request: AnyRequest, db_session: Injected[AsyncSession], viewer: Injected[Viewer]
    ) -> Template:
        """Say what goes, what stays, and when."""
        viewer.require(Permission.CLOSE_COMPANY)
        return await closing_page(request, db_session, viewer)

    @post("/", name="closing:create", status_code=200)
    async def create(
        self, request: AnyRequest, db_session: Injected[AsyncSession], viewer: Injected[Viewer]
    ) -> Response[Any] | Template:
        """Note that it is to be closed."""
        try:
            await request_closing(db_session, viewer, at=now())
        except StillRuns as refusal:
            await roll_back(db_session)
            return await closing_page(request, db_session, viewer, refusal)
        return redirect(request, "/company/closing")

    @post("/withdrawal", name="closing:undo", status_code=200)
    async def undo(
        self, request: AnyRequest, db_session: Injected[AsyncSession], viewer: Injected[Viewer]
    ) -> Response[Any]:
        """Keep the company after all."""
        await take_back_closing(db_session, viewer, at=now())
        return redirect(request, "/company/closing")


async def closing_page(
    request: AnyRequest, session: AsyncSession, viewer: Viewer, refusal: StillRuns | None = None
) -> Template:
    """Return the page with where the company stands."""
    subscription = await newest_subscription(session, viewer.company.id)
    return form_page(
        request,
        "company/closing.html.j2",
        block="content",
        company=viewer.company,
        runs=viewer.subscription is not None,
        kept_until=subscription.data_kept_until if subscription else None,
        refusal=refusal,
    )
