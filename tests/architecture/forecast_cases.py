"""The operator's pages of forecasts: a day ahead, running and over, told, refused and never told."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from app.db.models import Forecast, ForecastStatus, LineKind
from app.domain.accounts.operators import Operator
from app.domain.billing.reconciliation.book import start_of
from app.domain.ops.controllers.forecast import charts_of
from app.domain.ops.forecasts.causes import SENTENCES, Cause, CompanyDay
from app.domain.ops.forecasts.figures import MONEY, Figure, FigureName, Line
from app.domain.ops.forecasts.sheets import paired
from app.domain.ops.forecasts.sides import Standing, day_view
from app.domain.ops.forecasts.views import CompanyRow, DayFile, DayRow, Overview
from app.tasks.forecasts import TOO_SLOW
from tests.architecture import samples
from tests.architecture.case import Case

DAY = date(2026, 11, 20)
NIGHT = start_of(DAY) - timedelta(hours=2)
WHEN = {
    Standing.AHEAD: NIGHT,
    Standing.RUNNING: start_of(DAY) + timedelta(hours=12),
    Standing.OVER: start_of(DAY) + timedelta(days=2),
}
FIGURES = [
    Figure(name, of, 3, 594_000)
    for name in FigureName
    for of in (
        ("TRY", "USD") if name in MONEY else ("payment_receipt", "of_old") if name == "mails" else ("",)
    )
]
FEWER = [Figure(one.name, one.of, one.count - 1, one.amount - 297_000) for one in FIGURES[1:]]


def forecasts() -> dict[str, Forecast | None]:
    """Return a day's forecast in each state."""
    refused, making = (
        Forecast(day=DAY, status=status, started_at=NIGHT, reason=reason, figures=[])
        for status, reason in ((ForecastStatus.REFUSED, TOO_SLOW), (ForecastStatus.MAKING, None))
    )
    made, doubtful = (
        Forecast(
            day=DAY,
            status=ForecastStatus.MADE,
            started_at=NIGHT,
            made_at=NIGHT,
            figures=[figure.to_json() for figure in FIGURES],
            failed_rows=failed,
            unreadable_cards=failed,
        )
        for failed in (0, 2)
    )
    return {"made": made, "doubtful": doubtful, "refused": refused, "making": making, "none": None}


def lines() -> list[Line]:
    """Return a line of each kind."""
    company = samples.identifier("company")
    return [
        Line(company, None, kind, "renewal", samples.RAW_NAME, amount, "TRY" if amount else None)
        for kind in LineKind
        for amount in (297_000 if kind in {LineKind.PAID, LineKind.DECLINED, LineKind.UNPAID} else None,)
    ]


def companies(*causes: Cause | None) -> list[CompanyRow]:
    """Return companies whose day went as it was told, or for these causes not."""
    told = tuple(lines())
    day = CompanyDay(samples.identifier("company"), told, told[:1])
    return [
        CompanyRow(samples.RAW_NAME, "caliskan", day, cause, samples.RAW_NAME if cause else "")
        for cause in causes
    ]


def forecast_cases(operator: Operator) -> Iterator[Case]:
    """Yield the first page and a day in every state."""
    for name, forecast in forecasts().items():
        for standing in Standing if name == "made" else (Standing.OVER,):
            happened = None if standing is Standing.AHEAD else FEWER
            view = day_view(DAY, forecast, happened, at=WHEN[standing])
            file = DayFile(
                view=view,
                differing=companies(*Cause) if view.is_told and happened else [],
                coming=companies(Cause.NOT_YET) if standing is Standing.RUNNING else [],
                agreeing=companies(None, None) if name != "none" else [],
                is_compared=name == "made",
            )
            yield day_case(operator, f"{name}-{standing}", file)
        yield first_page(operator, name, forecast)


def day_case(operator: Operator, name: str, file: DayFile) -> Case:
    """Return the page of one day."""
    context: dict[str, Any] = {"file": file, "at_most": 1, "sentences": SENTENCES, "paired": paired}
    path = f"/operator/forecast/{DAY.isoformat()}"
    return Case(f"forecast-day-{name}", "operator/forecast_day.html.j2", path, operator, context)


def first_page(operator: Operator, name: str, forecast: Forecast | None) -> Case:
    """Return the first page with a month behind it, or with nothing."""
    rows = [
        DayRow(
            DAY - timedelta(days=number), forecast, currency, None if number % 3 else 100_000, number * 90_000
        )
        for number in range(8 if forecast else 0)
        for currency in ("TRY", "USD")
    ]
    found = Overview(
        today=day_view(DAY, forecast, FEWER, at=WHEN[Standing.RUNNING]),
        tomorrow=day_view(DAY, forecast, None, at=WHEN[Standing.AHEAD]),
        currencies=["TRY", "USD"],
        days=rows,
    )
    context: dict[str, Any] = {"found": found, "charts": charts_of(found)}
    return Case(
        f"forecast-{name}",
        "operator/forecast.html.j2",
        "/operator/forecast",
        operator,
        context,
        blocks=("content",),
    )
