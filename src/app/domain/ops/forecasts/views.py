"""What the operator's pages show of forecasts: a day beside what it brought, and the days of a month."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, literal, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Company, Forecast, ForecastLine, ForecastStatus
from app.domain.billing.reconciliation.book import day_of, start_of
from app.domain.ops.forecasts.causes import Cause, CompanyDay, Evidence, cause_of, compare
from app.domain.ops.forecasts.evidence import evidence_of, has_run
from app.domain.ops.forecasts.figures import (
    LINES_AT_MOST,
    MONEY,
    FigureName,
    Line,
    read_figures,
    read_lines,
)
from app.domain.ops.forecasts.sides import DayView, Standing, day_view, kept_figures, standing_of
from app.lib.errors import NotFound
from app.lib.i18n import N_
from app.lib.money import TURKISH_LIRA

DAYS_SHOWN = 30
ROWS_SHOWN = 100
"""Companies on a page; the file for spreadsheets has all of them."""
REVENUE = text("""
SELECT CAST(j.at AT TIME ZONE 'Europe/Istanbul' AS date) AS day, j.currency, -sum(p.amount) AS amount
  FROM journals j JOIN postings p ON p.journal_id = j.id
 WHERE j.at >= :first AND j.at < :last AND p.account = 'revenue'
 GROUP BY 1, 2
""")


@dataclass(frozen=True, slots=True)
class CompanyRow:
    """A company's day with its name, and why it went otherwise."""

    name: str
    slug: str
    day: CompanyDay
    cause: Cause | None
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFile:
    """Everything about one day."""

    view: DayView
    differing: list[CompanyRow]
    """Companies whose day went otherwise, those that are explained first."""
    coming: list[CompanyRow]
    """Companies whose day is still as it was told, and not over."""
    agreeing: list[CompanyRow]
    is_compared: bool
    """False when there are too many lines to compare, or nothing to hold them against."""


@dataclass(frozen=True, slots=True)
class DayRow:
    """A day of the list: revenue in one currency."""

    day: date
    forecast: Forecast | None
    currency: str
    expected: int | None
    happened: int | None

    @property
    def difference(self) -> int | None:
        """What happened less what was expected."""
        return None if self.expected is None or self.happened is None else self.happened - self.expected


@dataclass(frozen=True, slots=True)
class Overview:
    """The first page: today, tomorrow, and the days of a month, newest first."""

    today: DayView
    tomorrow: DayView
    currencies: list[str]
    days: list[DayRow] = field(default_factory=list)

    def series(self, currency: str) -> list[DayRow]:
        """Return the days of one currency, oldest first, as a chart draws them."""
        return [row for row in reversed(self.days) if row.currency == currency]


async def overview(session: AsyncSession, *, at: datetime) -> Overview:
    """Return the first page as it stands at `at`."""
    today = day_of(at)
    tomorrow = today + timedelta(days=1)
    first = today - timedelta(days=DAYS_SHOWN - 1)
    forecasts = await _forecasts(session, first, tomorrow)
    revenue = await _revenue(session, first, today)
    happened = await read_figures(session, today)
    days = [today - timedelta(days=number) for number in range(DAYS_SHOWN)]
    currencies = sorted(
        {currency for _, currency in revenue}
        | {figure.of for one in forecasts.values() for figure in kept_figures(one) if figure.name in MONEY}
        | {TURKISH_LIRA},
        key=lambda currency: (currency != TURKISH_LIRA, currency),
    )
    return Overview(
        today=day_view(today, forecasts.get(today), happened, at=at),
        tomorrow=day_view(tomorrow, forecasts.get(tomorrow), None, at=at),
        currencies=currencies,
        days=[
            _day_row(day, forecasts.get(day), currency, revenue)
            for day in days
            for currency in currencies
            if day in forecasts or any((day, one) in revenue for one in currencies)
        ],
    )


async def day_file(session: AsyncSession, day: date, *, at: datetime) -> DayFile:
    """Return all about one day; one that nobody told of, and that brought nothing yet, is not found."""
    forecast = (await _forecasts(session, day, day)).get(day)
    standing = standing_of(day, at)
    if forecast is None and standing is Standing.AHEAD:
        raise NotFound(N_("There is no forecast of this day."))
    happened = None if standing is Standing.AHEAD else await read_figures(session, day)
    view = day_view(day, forecast, happened, at=at)
    expected = await _kept_lines(session, forecast) if view.is_told and forecast else []
    facts = [] if happened is None else await read_lines(session, day)
    days = compare(expected, facts)
    is_compared = view.is_told and max(len(expected), len(facts)) < LINES_AT_MOST
    if not is_compared or standing is Standing.AHEAD or forecast is None:
        rows = await _named(session, days, {}, {})
        return DayFile(view=view, differing=[], coming=[], agreeing=rows, is_compared=is_compared)
    causes, known = await _causes(session, days, forecast, at)
    rows = await _named(session, days, causes, known)
    return DayFile(
        view=view,
        differing=sorted(
            (row for row in rows if row.cause not in (None, Cause.NOT_YET)),
            key=lambda row: row.cause is Cause.UNKNOWN,
        ),
        coming=[row for row in rows if row.cause is Cause.NOT_YET],
        agreeing=[row for row in rows if row.cause is None],
        is_compared=True,
    )


async def _forecasts(session: AsyncSession, first: date, last: date) -> dict[date, Forecast]:
    statement = select(Forecast).where(Forecast.day.between(first, last))
    return {forecast.day: forecast for forecast in await session.scalars(statement)}


async def _revenue(session: AsyncSession, first: date, last: date) -> dict[tuple[date, str], int]:
    bounds: dict[str, Any] = {"first": start_of(first), "last": start_of(last + timedelta(days=1))}
    return {(row.day, row.currency): int(row.amount) for row in await session.execute(REVENUE, bounds)}


def _day_row(
    day: date, forecast: Forecast | None, currency: str, revenue: dict[tuple[date, str], int]
) -> DayRow:
    told = forecast is not None and forecast.status is ForecastStatus.MADE
    amounts = {figure.of: figure.amount for figure in kept_figures(forecast) if figure.name is FigureName.NET}
    expected = amounts.get(currency, 0) if told else None
    return DayRow(day, forecast, currency, expected, revenue.get((day, currency), 0))


async def _kept_lines(session: AsyncSession, forecast: Forecast) -> list[Line]:
    row = ForecastLine
    statement = (
        select(row.company_id, row.subscription_id, row.kind, row.detail, row.plan, row.amount, row.currency)
        .where(row.forecast_id == forecast.id)
        .order_by(row.position)
    )
    return [Line(*found) for found in await session.execute(statement)]


async def _causes(
    session: AsyncSession, days: Sequence[CompanyDay], forecast: Forecast, at: datetime
) -> tuple[dict[UUID, Cause], dict[UUID, Evidence]]:
    """Return why each company's day went otherwise, for those whose did."""
    differing = [day for day in days if day.differs]
    since = forecast.made_at or forecast.started_at
    known = await evidence_of(session, [day.company_id for day in differing], forecast.day, since=since)
    ran = await has_run(session, forecast.day, at=at)
    nothing = Evidence(since={})
    causes = {
        day.company_id: cause_of(
            day,
            known.get(day.company_id, nothing),
            is_over=standing_of(forecast.day, at) is Standing.OVER,
            has_run=ran,
        )
        for day in differing
    }
    return causes, known


async def _named(
    session: AsyncSession,
    days: Sequence[CompanyDay],
    causes: dict[UUID, Cause],
    known: dict[UUID, Evidence],
) -> list[CompanyRow]:
    # one parameter however many there are: the protocol takes 32,767
    wanted = literal([day.company_id for day in days], ARRAY(Uuid))
    statement = select(Company.id, Company.name, Company.slug).where(Company.id == any_(wanted))
    names = {found: (name, slug) for found, name, slug in await session.execute(statement)}
    rows = []
    for day in days:
        name, slug = names[day.company_id]
        cause = causes.get(day.company_id)
        failure = known[day.company_id].failure if cause is Cause.DECLINED else ""
        rows.append(CompanyRow(name, slug, day, cause, failure))
    return rows
