"""Agreeing that a trial goes on as a paid plan, and taking that back."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller, Response, delete, post
from litestar.params import URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.billing.controllers.pages import billing_page, require_billing
from app.domain.billing.trials.conversion import choose_conversion, take_back_conversion
from app.domain.companies.viewer import Viewer
from app.lib.clock import now
from app.lib.errors import InvalidInput
from app.lib.http import AnyRequest, Injected, redirect
from app.lib.settings import Settings
from app.lib.uow import roll_back


@dataclass
class ConversionForm:
    """Which of the prices shown is agreed to, by its version."""

    price: str = ""


class ConversionController(Controller):
    """`/billing/subscription/conversion`."""

    path = "/billing/subscription/conversion"

    @post("/", name="conversion:create", status_code=200)
    async def create(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        settings: Injected[Settings],
        data: URLEncodedBody[ConversionForm],
    ) -> Response[Any] | Template:
        """Agree to one price, charged when the trial ends."""
        require_billing(viewer)
        try:
            await choose_conversion(db_session, viewer, data.price, at=now())
        except InvalidInput as refusal:
            await roll_back(db_session)
            return await billing_page(request, db_session, viewer, settings, block="trial", refusal=refusal)
        return redirect(request, "/billing")

    @delete("/", name="conversion:delete", status_code=200)
    async def erase(
        self, request: AnyRequest, db_session: Injected[AsyncSession], viewer: Injected[Viewer]
    ) -> Response[Any]:
        """Take it back."""
        await take_back_conversion(db_session, viewer, at=now())
        return redirect(request, "/billing")

    @post("/end", name="conversion:end", status_code=200)
    async def end(
        self, request: AnyRequest, db_session: Injected[AsyncSession], viewer: Injected[Viewer]
    ) -> Response[Any]:
        """Take it back (form without JavaScript)."""
        await take_back_conversion(db_session, viewer, at=now())
        return redirect(request, "/billing")
