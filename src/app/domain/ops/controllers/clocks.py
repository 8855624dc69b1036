"""Test clocks in the operator's console: which there are, one of them, and what may be done with it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import ServerSentEvent, Template
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.accounts.operators import Operator
from app.domain.billing.clocks.service import ask_to_advance, begin_clock, release_clock, require_clock
from app.domain.billing.clocks.targets import PRESETS, instant_of, later
from app.domain.ops.clock_pages import clock_file, list_clocks
from app.lib.clock import now
from app.lib.errors import DomainError, InvalidInput, NotFound
from app.lib.events import stream
from app.lib.http import FOR_OPERATORS, AnyRequest, Injected, redirect
from app.lib.i18n import N_
from app.lib.settings import Settings
from app.lib.templating import form_page
from app.lib.uow import roll_back


@dataclass
class NewClock:
    """The form that puts a company on a clock."""

    company: str = ""


@dataclass
class Target:
    """To where a clock is to be moved: a span, as a button says it, or an instant."""

    by: str = ""
    to: str = ""

    def read(self, at: datetime) -> datetime:
        """Return the instant, counted from `at`; raises the sentence at the field that is wrong."""
        if self.by:
            return later(at, self.by)
        if self.to:
            return instant_of(self.to)
        raise InvalidInput(N_("Choose how far the clock is to move."), field="to")


class ClockController(Controller):
    """`/operator/clocks`; production does not have it."""

    path = "/operator/clocks"
    opt = FOR_OPERATORS

    @get("/", name="clocks:list")
    async def list_all(self, request: AnyRequest, db_session: Injected[AsyncSession]) -> Template:
        """Show every company that lives on a clock."""
        return await list_page(request, db_session)

    @post("/", name="clocks:create", status_code=200)
    async def create(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        operator: Injected[Operator],
        settings: Injected[Settings],
        data: URLEncodedBody[NewClock],
    ) -> Response[Any] | Template:
        """Put a company on a clock of its own."""
        try:
            clock = await begin_clock(db_session, settings, data.company, actor_id=operator.user.id, at=now())
        except InvalidInput as refusal:
            await roll_back(db_session)
            return await list_page(request, db_session, form=data, refusal=refusal)
        return redirect(request, f"/operator/clocks/{clock.company_id}")

    @get("/{company_id:uuid}", name="clocks:show")
    async def show(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        company_id: FromPath[UUID],
        block: FromQuery[str] = "",
    ) -> Template:
        """Show a clock, how far its advance has come, and what that has brought."""
        wanted = block if block == "clock" else "content"
        return await clock_page(request, db_session, company_id, block=wanted)

    @post("/{company_id:uuid}/advances", name="clocks:advance", status_code=200)
    async def advance(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        operator: Injected[Operator],
        settings: Injected[Settings],
        company_id: FromPath[UUID],
        data: URLEncodedBody[Target],
    ) -> Response[Any] | Template:
        """Have a clock moved; a refusal shows the page with what was typed."""
        try:
            to = data.read((await require_clock(db_session, company_id)).at)
            await ask_to_advance(db_session, settings, company_id, to, actor_id=operator.user.id, at=now())
        except DomainError as refusal:
            return await refused_page(request, db_session, company_id, data, refusal)
        return redirect(request, f"/operator/clocks/{company_id}")

    @post("/{company_id:uuid}/release", name="clocks:release", status_code=200)
    async def release(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        operator: Injected[Operator],
        settings: Injected[Settings],
        company_id: FromPath[UUID],
    ) -> Response[Any] | Template:
        """Let a company return to real time."""
        try:
            await release_clock(db_session, settings, company_id, actor_id=operator.user.id, at=now())
        except DomainError as refusal:
            return await refused_page(request, db_session, company_id, Target(), refusal)
        return redirect(request, "/operator/clocks")

    @get("/{company_id:uuid}/events", name="clocks:events", sync_to_thread=False)
    def events(self, redis: Injected[Redis], company_id: FromPath[UUID]) -> ServerSentEvent:
        """Stream hints that the clock has moved."""
        return stream(redis, company_id, "clock-moved")


async def list_page(
    request: AnyRequest,
    session: AsyncSession,
    *,
    form: NewClock | None = None,
    refusal: InvalidInput | None = None,
) -> Template:
    """Return the page of all clocks."""
    return form_page(
        request,
        "operator/clocks.html.j2",
        block="content",
        rows=await list_clocks(session),
        form=form or NewClock(),
        refusal=refusal,
    )


async def refused_page(
    request: AnyRequest, session: AsyncSession, company_id: UUID, form: Target, refusal: DomainError
) -> Template:
    """Return the clock as it stands after the refused wish has been undone."""
    await roll_back(session)
    if isinstance(refusal, NotFound):
        raise refusal
    return await clock_page(request, session, company_id, form=form, refusal=refusal)


async def clock_page(
    request: AnyRequest,
    session: AsyncSession,
    company_id: UUID,
    *,
    block: str = "content",
    form: Target | None = None,
    refusal: DomainError | None = None,
) -> Template:
    """Return the page of one clock."""
    return form_page(
        request,
        "operator/clock.html.j2",
        block=block,
        file=await clock_file(session, company_id),
        presets=PRESETS,
        at=now(),
        form=form or Target(),
        refusal=refusal,
    )
