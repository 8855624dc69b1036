"""The operator's pages of reconciliation: the days, one day with its proof, and what to take away."""

from datetime import date
from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.billing.reconciliation.views import (
    cause_of,
    day_file,
    days_of,
    differences_as_csv,
    list_days,
    report_of,
)
from app.domain.jobs import Job
from app.lib.clock import now
from app.lib.http import FOR_OPERATORS, AnyRequest, Injected, redirect
from app.lib.templating import current_language, page
from app.lib.uow import defer

KEPT_PRIVATE = {"Cache-Control": "private, no-store"}


class ReconciliationController(Controller):
    """`/operator/reconciliation`."""

    path = "/operator/reconciliation"
    opt = FOR_OPERATORS

    @get("/", name="reconciliation:list")
    async def list_all(
        self, request: AnyRequest, db_session: Injected[AsyncSession], before: FromQuery[date | None] = None
    ) -> Template:
        """Show the finished days, newest first."""
        found = await list_days(db_session, before=before, at=now())
        return page(
            request, "operator/reconciliation.html.j2", block="content", found=found, is_newest=before is None
        )

    @get("/{day:date}", name="reconciliation:show")
    async def show(
        self, request: AnyRequest, db_session: Injected[AsyncSession], day: FromPath[date]
    ) -> Template:
        """Show one day: its proof, what differs, and the reports it rests on."""
        file = await day_file(db_session, day, at=now())
        return page(
            request,
            "operator/reconciliation_day.html.j2",
            block="content",
            file=file,
            cause_of=cause_of,
            days_of=days_of,
        )

    @post("/{day:date}", name="reconciliation:create", status_code=303)
    async def create(
        self, request: AnyRequest, db_session: Injected[AsyncSession], day: FromPath[date]
    ) -> Response[Any]:
        """Have a day compared once more; a second press within the same minute asks for nothing new."""
        at = now()
        await day_file(db_session, day, at=at)
        key = f"reconcile:{day.isoformat()}:{at:%Y%m%d%H%M}"
        defer(db_session, Job.RECONCILE_DAY, key=key, day=day.isoformat())
        return redirect(request, f"/operator/reconciliation/{day.isoformat()}?asked=1")

    @get("/{day:date}/differences.csv", name="reconciliation:differences")
    async def differences(self, db_session: Injected[AsyncSession], day: FromPath[date]) -> Response[str]:
        """Give the differences of a day for a spreadsheet."""
        file = await day_file(db_session, day, at=now())
        text = differences_as_csv(day, file.differences, current_language.get())
        return attachment(text, f"reconciliation-{day.isoformat()}.csv", "text/csv")

    @get("/{day:date}/reports/{report_id:uuid}", name="reconciliation:report")
    async def report(
        self, db_session: Injected[AsyncSession], day: FromPath[date], report_id: FromPath[UUID]
    ) -> Response[str]:
        """Give a report as PayTR sent it."""
        kept = await report_of(db_session, day, report_id)
        name = f"paytr-{kept.kind}-{kept.first_day.isoformat()}-{kept.last_day.isoformat()}.txt"
        return attachment(kept.body, name, "text/plain")


def attachment(text: str, name: str, media_type: str) -> Response[str]:
    """Return a text as a file to keep."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', **KEPT_PRIVATE}
    return Response(text, media_type=media_type, headers=headers)
