"""A day as a file for a spreadsheet, a row for each thing a company did; and as values for programs."""

from typing import Any

from app.db.models.forecast import LineKind
from app.domain.ops.forecasts.causes import SENTENCES, CompanyDay
from app.domain.ops.forecasts.figures import Figure, Line
from app.domain.ops.forecasts.views import CompanyRow, DayFile
from app.lib.i18n import N_, translate
from app.lib.money import Money
from app.lib.sheets import Cell, as_csv

COLUMNS = (
    N_("Day"),
    N_("Company"),
    N_("Address"),
    N_("What"),
    N_("Plan"),
    N_("Currency"),
    N_("Expected"),
    N_("Happened"),
    N_("Cause"),
)
KINDS = {
    LineKind.PAID: N_("Payment"),
    LineKind.DECLINED: N_("Declined charge"),
    LineKind.UNPAID: N_("Renewal left unpaid"),
    LineKind.TRIAL_ENDED: N_("Trial ended"),
    LineKind.SUSPENDED: N_("Suspended"),
    LineKind.CANCELED: N_("Canceled"),
}


def day_as_csv(file: DayFile, language: str) -> str:
    """Return everything that was expected of a day or happened on it, as Excel opens it in Türkiye."""
    companies = [*file.differing, *file.coming, *file.agreeing]
    rows = [row for company in companies for row in _rows(file, company, language)]
    return as_csv([translate(language, column) for column in COLUMNS], rows)


def day_as_json(file: DayFile) -> dict[str, Any]:
    """Return the same as plain values, with the figures."""
    forecast = file.view.forecast
    return {
        "day": file.view.day,
        "status": forecast.status.value if forecast else "none",
        "reason": forecast.reason if forecast else None,
        "made_at": forecast.made_at if forecast else None,
        "figures": [
            {
                "figure": row.name.value,
                "of": row.of,
                "expected": _figure_as_json(row.expected),
                "happened": _figure_as_json(row.happened),
            }
            for row in (*file.view.figures, *file.view.mails)
        ],
        "companies": [
            {
                "company": row.slug,
                "expected": [line.kind.value for line in row.day.expected],
                "happened": [line.kind.value for line in row.day.happened],
                "cause": row.cause.value if row.cause else None,
            }
            for row in (*file.differing, *file.coming, *file.agreeing)
        ],
    }


def _figure_as_json(figure: Figure | None) -> dict[str, int] | None:
    return {"count": figure.count, "amount": figure.amount} if figure else None


def _rows(file: DayFile, company: CompanyRow, language: str) -> list[list[Cell]]:
    """Return a company's rows: the same thing of both sides stands in one."""
    pairs = paired(company.day)
    return [
        [
            file.view.day,
            company.name,
            company.slug,
            translate(language, KINDS[one.kind]),
            one.plan,
            one.currency,
            _cell(expected, language),
            _cell(happened, language),
            translate(language, SENTENCES[company.cause]) if company.cause else None,
        ]
        for expected, happened in pairs
        for one in (expected or happened,)
        if one is not None
    ]


def paired(day: CompanyDay) -> list[tuple[Line | None, Line | None]]:
    """Return what was expected beside what happened, by kind, in order."""
    left = list(day.happened)
    found: list[tuple[Line | None, Line | None]] = []
    for line in day.expected:
        partner = next((one for one in left if one.kind is line.kind), None)
        if partner is not None:
            left.remove(partner)
        found.append((line, partner))
    return found + [(None, line) for line in left]


def _cell(line: Line | None, language: str) -> Cell:
    if line is None:
        return None
    return translate(language, N_("yes")) if line.amount is None else Money(line.amount)
