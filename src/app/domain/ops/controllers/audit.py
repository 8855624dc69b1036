"""`/operator/audit`: the trail over all companies."""

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, get
from litestar.di import Provide
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream, Template
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.scopes import Beyond, sessions_beyond
from app.domain.ops.audit_trail import ACTORS, COLUMNS, TrailFilter, lines_of, page_of
from app.domain.people.changed_fields import changed_fields
from app.lib.clock import ISTANBUL, real_now
from app.lib.days import read_days
from app.lib.errors import InvalidInput
from app.lib.http import FOR_OPERATORS, AnyRequest, Injected
from app.lib.i18n import N_, translate
from app.lib.sheets import BYTE_ORDER_MARK, csv_lines
from app.lib.templating import current_language, form_page

SHOWN = timedelta(days=30)
LONGEST = 100
First = Annotated[str, QueryParameter(name="from")]
Last = Annotated[str, QueryParameter(name="to")]


@dataclass
class Asked:
    """The search as it was typed."""

    first: str
    last: str
    company: str
    actor: str
    action: str
    subject: str
    request_id: str
    access: str

    def read(self, before: UUID | None = None) -> TrailFilter:
        """Return what is looked for; the last thirty days where none were named. Raises `InvalidInput`."""
        at = real_now()
        days = read_days(self.first, self.last, at=at, otherwise=(at - SHOWN).astimezone(ISTANBUL).date())
        texts = {name: getattr(self, name).strip()[:LONGEST] for name in TEXTS}
        return TrailFilter(days, **texts, access=self._access(), before=before)

    def address(self, **more: object) -> dict[str, object]:
        """Return the parameters of an address that asks the same."""
        typed = {"from": self.first, "to": self.last, **asdict(self), **more}
        return {name: value for name, value in typed.items() if value and name not in ("first", "last")}

    def _access(self) -> UUID | None:
        try:
            return UUID(self.access.strip()) if self.access.strip() else None
        except ValueError:
            raise InvalidInput(N_("This is no number of a support access."), field="access") from None


TEXTS = ("company", "actor", "action", "subject", "request_id")


def asked(
    first: First = "",
    last: Last = "",
    company: FromQuery[str] = "",
    actor: FromQuery[str] = "",
    action: FromQuery[str] = "",
    subject: FromQuery[str] = "",
    request_id: FromQuery[str] = "",
    access: FromQuery[str] = "",
) -> Asked:
    """Return the search of a request."""
    return Asked(first, last, company, actor, action, subject, request_id, access)


class AuditController(Controller):
    """`/operator/audit`."""

    path = "/operator/audit"
    opt = FOR_OPERATORS
    dependencies = {"asked": Provide(asked, sync_to_thread=False)}  # noqa: RUF012 Litestar's own declaration

    @get("/", name="operator_audit:list")
    async def show(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        asked: Injected[Asked],
        before: FromQuery[UUID | None] = None,
    ) -> Template:
        """Show entries, newest first."""
        try:
            rows, behind = await page_of(db_session, asked.read(before))
        except InvalidInput as refusal:
            return trail_page(request, asked, refusal=refusal)
        return trail_page(request, asked, rows=rows, behind=behind)

    @get("/entries.csv", name="operator_audit:csv", sync_to_thread=False)
    def csv(
        self, session_maker: Injected[async_sessionmaker[AsyncSession]], asked: Injected[Asked]
    ) -> Stream:
        """Give the same as a file, as it is read."""
        wanted = asked.read()
        name = f"audit-{wanted.days.first}-{wanted.days.last}.csv"
        return Stream(
            file_of(sessions_beyond(session_maker, Beyond.CONSOLE), wanted, current_language.get()),
            media_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                "Cache-Control": "private, no-store",
            },
        )


async def file_of(
    session_maker: async_sessionmaker[AsyncSession], wanted: TrailFilter, language: str
) -> AsyncIterator[str]:
    """Yield a file part by part, the titles first."""
    yield BYTE_ORDER_MARK + csv_lines([[translate(language, title) for title in COLUMNS]])
    async for lines in lines_of(session_maker, wanted):
        yield csv_lines(lines)


def trail_page(
    request: AnyRequest,
    typed: Asked,
    *,
    rows: Any = (),
    behind: UUID | None = None,
    refusal: InvalidInput | None = None,
) -> Template:
    """Return the page with what was asked for and, after a refusal, the sentence at its field."""
    language = current_language.get()
    shown = [(row, changed_fields(row.entry.before, row.entry.after, language)) for row in rows]
    return form_page(
        request,
        "operator/audit.html.j2",
        block="content",
        typed=typed,
        rows=shown,
        behind=behind,
        actors=ACTORS,
        refusal=refusal,
    )
