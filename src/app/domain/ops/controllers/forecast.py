"""The operator's pages of forecasts: what today and tomorrow bring, and one day beside what happened."""

from datetime import date

from litestar import Controller, Response, get
from litestar.params import FromPath
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.ops.forecasts.causes import SENTENCES
from app.domain.ops.forecasts.chart import Value, chart_of
from app.domain.ops.forecasts.sheets import day_as_csv, paired
from app.domain.ops.forecasts.views import ROWS_SHOWN, Overview, day_file, overview
from app.lib.clock import now
from app.lib.http import FOR_OPERATORS, AnyRequest, Injected
from app.lib.templating import current_language, page


class ForecastController(Controller):
    """`/operator/forecast`."""

    path = "/operator/forecast"
    opt = FOR_OPERATORS

    @get("/", name="forecast:list")
    async def list_all(self, request: AnyRequest, db_session: Injected[AsyncSession]) -> Template:
        """Show today, tomorrow and the last month."""
        found = await overview(db_session, at=now())
        return page(
            request, "operator/forecast.html.j2", block="content", found=found, charts=charts_of(found)
        )

    @get("/{day:date}", name="forecast:show")
    async def show(
        self, request: AnyRequest, db_session: Injected[AsyncSession], day: FromPath[date]
    ) -> Template:
        """Show one day: its figures, and the companies, first those whose day went otherwise."""
        return page(
            request,
            "operator/forecast_day.html.j2",
            block="content",
            file=await day_file(db_session, day, at=now()),
            at_most=ROWS_SHOWN,
            sentences=SENTENCES,
            paired=paired,
        )

    @get("/{day:date}/companies.csv", name="forecast:companies")
    async def companies(self, db_session: Injected[AsyncSession], day: FromPath[date]) -> Response[str]:
        """Give a day's companies for a spreadsheet."""
        file = await day_file(db_session, day, at=now())
        headers = {
            "Content-Disposition": f'attachment; filename="forecast-{day.isoformat()}.csv"',
            "Cache-Control": "private, no-store",
        }
        text = day_as_csv(file, current_language.get())
        return Response(text, media_type="text/csv", headers=headers)


def charts_of(found: Overview) -> list[tuple[str, object]]:
    """Return a chart for each currency in which there was revenue."""
    return [
        (currency, chart_of([Value(row.day, row.expected, row.happened) for row in rows]))
        for currency in found.currencies
        if (rows := found.series(currency)) and any(row.expected or row.happened for row in rows)
    ]
