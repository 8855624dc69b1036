"""The operator's page of the book, and the wish to have it proven now."""

from datetime import datetime
from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromQuery
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.jobs import Job
from app.domain.ops.ledger_page import ledger_page
from app.lib.clock import now
from app.lib.http import FOR_OPERATORS, AnyRequest, Injected, redirect
from app.lib.templating import page
from app.lib.uow import defer


class LedgerController(Controller):
    """`/operator/ledger`."""

    path = "/operator/ledger"
    opt = FOR_OPERATORS

    @get("/", name="ledger:show")
    async def show(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        since: FromQuery[datetime | None] = None,
        block: FromQuery[str] = "",
    ) -> Template:
        """Show what stands on each account and what does not hold; `since` when a proof was asked for."""
        found = await ledger_page(db_session)
        proof = found.state.proof
        waits = since is not None and since.tzinfo is not None and (not proof or proof.started_at < since)
        wanted = block if block == "ledger" else "content"
        return page(
            request,
            "operator/ledger.html.j2",
            block=wanted,
            found=found,
            at=now(),
            since=since if waits else None,
        )

    @post("/proofs", name="ledger:prove", status_code=303)
    async def prove(self, request: AnyRequest, db_session: Injected[AsyncSession]) -> Response[Any]:
        """Have the book proven now; a second press within the same second asks for nothing new."""
        at = now()
        defer(db_session, Job.PROVE_LEDGER, key=f"ledger:{at:%Y%m%d%H%M%S}")
        return redirect(request, f"/operator/ledger?since={at:%Y-%m-%dT%H:%M:%S.%fZ}")
