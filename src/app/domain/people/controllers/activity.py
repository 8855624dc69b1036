"""`/company/audit`: what has happened in the company, for those who answer for it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.companies.permissions import Permission
from app.domain.companies.viewer import Viewer
from app.domain.people.activity import AREAS, COLUMNS, Event, Wanted, events_of, file_of, who
from app.domain.people.changed_fields import ChangedField
from app.lib.clock import ISTANBUL, now
from app.lib.days import Days, read_days
from app.lib.errors import InvalidInput
from app.lib.http import AnyRequest, Injected
from app.lib.i18n import translate
from app.lib.sheets import as_csv
from app.lib.templating import current_language, form_page

SHOWN = timedelta(days=30)
First = Annotated[str, QueryParameter(name="from")]
Last = Annotated[str, QueryParameter(name="to")]


class ActivityController(Controller):
    """`/company/audit`."""

    path = "/company"

    @get("/audit", name="activity:list")
    async def show(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        first: First = "",
        last: Last = "",
        area: FromQuery[str] = "",
        before: FromQuery[UUID | None] = None,
    ) -> Template:
        """Show what happened, newest first."""
        require_answerable(viewer)
        try:
            wanted = Wanted(days_of(first, last), area if area in AREAS else "", before)
        except InvalidInput as refusal:
            return trail_page(request, {"from": first, "to": last, "area": area}, refusal=refusal)
        typed = {"from": f"{wanted.days.first}", "to": f"{wanted.days.last}", "area": wanted.area}
        events, behind = await events_of(db_session, viewer.company.id, wanted)
        language = current_language.get()
        rows = [
            (event, who(event, language), event.about(language), event.changes(language)) for event in events
        ]
        return trail_page(request, typed, rows=rows, behind=behind)

    @get("/audit.csv", name="activity:csv")
    async def csv(
        self,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        first: First = "",
        last: Last = "",
        area: FromQuery[str] = "",
    ) -> Response[bytes]:
        """Give the same as a file."""
        require_answerable(viewer)
        days, language = days_of(first, last), current_language.get()
        lines = await file_of(db_session, viewer.company.id, Wanted(days, area), language)
        text = as_csv([translate(language, title) for title in COLUMNS], lines)
        name = f"tezgah-{days.first}-{days.last}.csv"
        return Response(
            text.encode(),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


def trail_page(
    request: AnyRequest,
    typed: dict[str, str],
    *,
    rows: Sequence[tuple[Event, str, str, list[ChangedField]]] = (),
    behind: UUID | None = None,
    refusal: InvalidInput | None = None,
) -> Template:
    """Return the page with what was asked for and, after a refusal, the sentence at its field."""
    return form_page(
        request,
        "company/activity.html.j2",
        block="content",
        typed=typed,
        rows=rows,
        behind=behind,
        areas={name: title for name, (title, _) in AREAS.items()},
        refusal=refusal,
    )


def days_of(first: str, last: str) -> Days:
    """Return the days that were asked for; the last thirty where nothing was."""
    at = now()
    return read_days(first, last, at=at, otherwise=(at - SHOWN).astimezone(ISTANBUL).date())


def require_answerable(viewer: Viewer) -> None:
    """Refuse those who do not answer for the company."""
    viewer.require(Permission.SEE_ACTIVITY)
