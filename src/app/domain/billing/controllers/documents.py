"""The billing details that invoices copy, why a document says what it says, and the account statement."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Controller, Response, get, post
from litestar.params import FromPath, QueryParameter, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.billing.controllers.pages import require_billing
from app.domain.billing.documents import explanation_of
from app.domain.billing.statements import COLUMNS, KINDS, Statement, days_of, rows_of, statements_of
from app.domain.companies.details import LONGEST, BillingDetails, change_details
from app.domain.companies.viewer import Viewer
from app.lib.clock import now
from app.lib.days import Days
from app.lib.errors import InvalidInput
from app.lib.http import AnyRequest, Injected, redirect
from app.lib.i18n import translate
from app.lib.sheets import as_csv, as_xlsx
from app.lib.templating import current_language, page

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
First = Annotated[str, QueryParameter(name="from")]
Last = Annotated[str, QueryParameter(name="to")]


class DetailsController(Controller):
    """`/billing/details`."""

    path = "/billing/details"

    @get("/", name="details:show", sync_to_thread=False)
    def show(self, request: AnyRequest, viewer: Injected[Viewer]) -> Template:
        """Show the form with what is known."""
        require_billing(viewer)
        return details_page(request, BillingDetails.of(viewer.company), [])

    @post("/", name="details:update", status_code=200)
    async def update(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        data: URLEncodedBody[BillingDetails],
    ) -> Response[Any]:
        """Keep the details for the invoices that follow."""
        require_billing(viewer)
        if errors := await change_details(db_session, viewer, data, at=now()):
            return details_page(request, data, errors)
        return redirect(request, "/billing")


class DocumentController(Controller):
    """`/billing/invoices/{number}/explanation`, `/billing/statement`."""

    path = "/billing"

    @get("/invoices/{number:str}/explanation", name="invoices:explain")
    async def explain(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        number: FromPath[str],
    ) -> Template:
        """Say for every kuruş of a document which rule it follows from."""
        require_billing(viewer)
        explanation = await explanation_of(db_session, viewer.company.id, number)
        return page(request, "billing/explanation.html.j2", block="content", explanation=explanation)

    @get("/statement", name="statement:show")
    async def statement(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        first: First = "",
        last: Last = "",
    ) -> Template:
        """Show the company's account between two days."""
        require_billing(viewer)
        return await statement_page(request, db_session, viewer, first, last, at=now())

    @get("/statement.csv", name="statement:csv")
    async def csv(
        self, db_session: Injected[AsyncSession], viewer: Injected[Viewer], first: First = "", last: Last = ""
    ) -> Response[bytes]:
        """Give the account as a file for a Turkish spreadsheet."""
        days, statements = await read_statement(db_session, viewer, first, last, at=now())
        language = current_language.get()
        text = as_csv(titles(language), rows_of(statements, days, language))
        return attachment(text.encode(), days, "csv", "text/csv; charset=utf-8")

    @get("/statement.xlsx", name="statement:xlsx")
    async def xlsx(
        self, db_session: Injected[AsyncSession], viewer: Injected[Viewer], first: First = "", last: Last = ""
    ) -> Response[bytes]:
        """Give the account as a workbook for any spreadsheet."""
        days, statements = await read_statement(db_session, viewer, first, last, at=now())
        language = current_language.get()
        name = translate(language, "Account statement")
        book = as_xlsx(name, titles(language), rows_of(statements, days, language), at=days.end)
        return attachment(book, days, "xlsx", XLSX)


def details_page(request: AnyRequest, form: BillingDetails, errors: list[InvalidInput]) -> Template:
    """Return the form as it was typed, each sentence at its field."""
    return page(
        request,
        "billing/details.html.j2",
        block="details_form",
        status_code=422 if errors else 200,
        form=form,
        longest=LONGEST,
        errors={error.field: error for error in reversed(errors)},
    )


async def statement_page(
    request: AnyRequest, session: AsyncSession, viewer: Viewer, first: str, last: str, *, at: datetime
) -> Template:
    """Return the account, or the form with its sentence where the days cannot be read."""
    days: Days | None = None
    statements: list[Statement] = []
    errors: dict[str | None, InvalidInput] = {}
    try:
        days, statements = await read_statement(session, viewer, first, last, at=at)
    except InvalidInput as refusal:
        errors = {refusal.field: refusal}
    return page(
        request,
        "billing/statement.html.j2",
        block="content",
        status_code=422 if errors else 200,
        typed={"from": first, "to": last},
        days=days,
        statements=statements,
        kinds=KINDS,
        errors=errors,
    )


async def read_statement(
    session: AsyncSession, viewer: Viewer, first: str, last: str, *, at: datetime
) -> tuple[Days, list[Statement]]:
    """Return the days that were asked for and the company's account in them."""
    require_billing(viewer)
    days = days_of(first, last, at=at)
    return days, await statements_of(session, viewer.company.id, days)


def titles(language: str) -> list[str]:
    """Return the names of an export's columns."""
    return [translate(language, column) for column in COLUMNS]


def attachment(content: bytes, days: Days, suffix: str, media_type: str) -> Response[bytes]:
    """Return a file to keep, named after its days."""
    name = f"tezgah-{days.first.isoformat()}-{days.last.isoformat()}.{suffix}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type=media_type, headers=headers)
