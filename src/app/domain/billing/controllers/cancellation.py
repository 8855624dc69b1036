"""Ending a subscription: one page that says what each way means, and one click."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from litestar import Controller, Response, delete, get, post
from litestar.params import URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.billing.cancellation.service import (
    AmountChanged,
    cancel_at_period_end,
    cancel_now,
    outlook,
    resume,
    sealed,
)
from app.domain.companies.viewer import Viewer
from app.lib.clock import now
from app.lib.errors import DomainError
from app.lib.http import AnyRequest, Injected, redirect
from app.lib.settings import Settings
from app.lib.templating import page

PAGE = "/billing/subscription/cancellation"
AMOUNT_HOLDS = timedelta(minutes=10)


@dataclass
class CancellationForm:
    """Which way out."""

    when: str = "period_end"
    """`period_end` or `now`."""
    seen: str = ""
    """What the page said would go back, signed."""


class CancellationController(Controller):
    """`/billing/subscription/cancellation`, `/billing/subscription/resumption`."""

    path = "/billing/subscription"

    @get("/cancellation", name="cancellation:show")
    async def show(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        settings: Injected[Settings],
    ) -> Template:
        """Show both ways out and what each means, or what ending has meant."""
        return await cancellation_page(request, db_session, viewer, settings)

    @post("/cancellation", name="cancellation:create", status_code=200)
    async def create(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        settings: Injected[Settings],
        data: URLEncodedBody[CancellationForm],
    ) -> Response[Any] | Template:
        """End the subscription the way that was chosen."""
        at = now()
        try:
            if data.when == "now":
                await cancel_now(db_session, viewer, data.seen, settings=settings, at=at)
            else:
                await cancel_at_period_end(db_session, viewer, settings=settings, at=at)
        except AmountChanged as refusal:
            return await cancellation_page(request, db_session, viewer, settings, refusal=refusal)
        return redirect(request, PAGE)

    @delete("/cancellation", name="cancellation:delete", status_code=200)
    async def erase(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        settings: Injected[Settings],
    ) -> Response[Any]:
        """Take the cancellation back."""
        await resume(db_session, viewer, settings=settings, at=now())
        return redirect(request, "/billing")

    @post("/resumption", name="cancellation:undo", status_code=200)
    async def undo(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        settings: Injected[Settings],
    ) -> Response[Any]:
        """Take the cancellation back (form without JavaScript)."""
        await resume(db_session, viewer, settings=settings, at=now())
        return redirect(request, "/billing")


async def cancellation_page(
    request: AnyRequest,
    session: AsyncSession,
    viewer: Viewer,
    settings: Settings,
    *,
    refusal: DomainError | None = None,
) -> Template:
    """Return the page of both ways out; `refusal` says why it is shown once more."""
    at = now()
    shown = await outlook(session, viewer, settings=settings, at=at)
    return page(
        request,
        "billing/cancellation.html.j2",
        block="content",
        status_code=422 if refusal else 200,
        outlook=shown,
        subscription=shown.subscription,
        waits=shown.waits_for_period(at),
        seen=sealed(shown.leaving, settings, expires_at=at + AMOUNT_HOLDS),
        refusal=refusal,
    )
