"""The first page of the operator console."""

from litestar import Controller, get
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.jobs import SCHEDULED
from app.domain.ops.console import console_of
from app.lib.clock import now
from app.lib.http import FOR_OPERATORS, AnyRequest, Injected
from app.lib.templating import page


class ConsoleController(Controller):
    """`/operator`."""

    opt = FOR_OPERATORS

    @get("/operator", name="operator:show")
    async def show(self, request: AnyRequest, db_session: Injected[AsyncSession]) -> Template:
        """Show what waits for a person, what is under way, and when each sweep ran last."""
        console = await console_of(db_session)
        return page(
            request,
            "operator/console.html.j2",
            block="content",
            console=console,
            scheduled=SCHEDULED,
            at=now(),
        )
