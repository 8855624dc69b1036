"""The figures of a day laid beside each other: what was expected, and what happened so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from app.db.models import Forecast, ForecastStatus
from app.domain.billing.reconciliation.book import day_of
from app.domain.ops.forecasts.figures import MONEY, Figure, FigureName
from app.lib.money import TURKISH_LIRA

ALWAYS = (FigureName.NET, FigureName.CHARGES, FigureName.UNPAID, FigureName.INVOICES)
"""Figures of money that are shown also when they are nothing."""


class Standing(StrEnum):
    """Where a day stands now."""

    AHEAD = "ahead"
    RUNNING = "running"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One figure of both sides; a side that is not known yet is nothing."""

    name: FigureName
    of: str
    expected: Figure | None
    happened: Figure | None

    @property
    def is_money(self) -> bool:
        """Say whether it has an amount beside its count."""
        return self.name in MONEY

    @property
    def differs(self) -> bool:
        """Say whether both sides are known and not the same."""
        return bool(self.expected and self.happened) and self.difference != (0, 0)

    @property
    def difference(self) -> tuple[int, int]:
        """What happened less what was expected: count and amount."""
        ours, theirs = (side or Figure(self.name, self.of, 0) for side in (self.expected, self.happened))
        amount = theirs.amount - ours.amount if self.is_money else 0
        return theirs.count - ours.count, amount


@dataclass(frozen=True, slots=True)
class DayView:
    """One day with its figures beside each other."""

    day: date
    standing: Standing
    forecast: Forecast | None
    figures: list[FigureRow]
    mails: list[FigureRow]

    @property
    def is_told(self) -> bool:
        """Say whether there is a forecast to hold against."""
        return self.forecast is not None and self.forecast.status is ForecastStatus.MADE

    def row(self, name: str, of: str) -> FigureRow:
        """Return one figure; nothing counted is nothing."""
        found = next((row for row in self.figures if (row.name, row.of) == (name, of)), None)
        return found or FigureRow(FigureName(name), of, None, None)


def standing_of(day: date, at: datetime) -> Standing:
    """Return where a day stands at an instant."""
    today = day_of(at)
    return Standing.AHEAD if day > today else Standing.RUNNING if day == today else Standing.OVER


def day_view(
    day: date, forecast: Forecast | None, happened: Sequence[Figure] | None, *, at: datetime
) -> DayView:
    """Lay the figures of both sides beside each other; what nobody has counted is none."""
    told = forecast is not None and forecast.status is ForecastStatus.MADE
    ours = {(figure.name, figure.of): figure for figure in kept_figures(forecast)}
    theirs = {(figure.name, figure.of): figure for figure in happened or ()}
    currencies = {of for name, of in (*ours, *theirs) if name in MONEY} | {TURKISH_LIRA}
    shown = {(name, currency) for name in ALWAYS for currency in currencies}
    shown |= {(name, "") for name in FigureName if name not in MONEY and name is not FigureName.MAILS}
    rows = [
        FigureRow(
            name,
            of,
            ours.get((name, of), Figure(name, of, 0)) if told else None,
            theirs.get((name, of), Figure(name, of, 0)) if happened is not None else None,
        )
        for name, of in sorted(shown | set(ours) | set(theirs), key=_place)
    ]
    return DayView(
        day,
        standing_of(day, at),
        forecast,
        [row for row in rows if row.name is not FigureName.MAILS],
        [row for row in rows if row.name is FigureName.MAILS],
    )


def kept_figures(forecast: Forecast | None) -> list[Figure]:
    """Return the figures that a forecast keeps; none of one that was not made."""
    return [Figure.from_json(one) for one in forecast.figures] if forecast else []


def _place(figure: tuple[FigureName, str]) -> tuple[bool, bool, str, int]:
    """Return where a figure stands: money before counts, lira before other currencies."""
    name, of = figure
    is_money = name in MONEY
    return not is_money, is_money and of != TURKISH_LIRA, of if is_money else "", list(FigureName).index(name)
