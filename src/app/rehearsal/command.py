"""`tezgah billing rehearse`: copy, live through the months, tell."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from app.db.models import Interval
from app.domain.subscriptions.periods import boundary
from app.lib.clock import ISTANBUL
from app.lib.i18n import format_money
from app.lib.money import Money
from app.rehearsal.calendar import daily, hourly
from app.rehearsal.engine import Outcome
from app.rehearsal.report import Forecast, read_forecast
from app.rehearsal.stage import lived_through
from app.tasks.context import Resources

BAR = 40


async def rehearse(
    resources: Resources,
    *,
    start: datetime,
    months: int = 0,
    days: int = 0,
    dump: Path | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> tuple[Forecast, Outcome]:
    """Rehearse `months` a day at a time, or `days` an hour at a time, on a copy of the data, or of a dump.

    Raises `ScratchRefused` when there is none.
    """
    calendar = (
        hourly(start, start + timedelta(days=days))
        if days
        else daily(start, boundary(start, Interval.MONTH, months))
    )
    copy = lived_through(resources, calendar, start=start, dump=dump, progress=progress)
    async with copy as (session, outcome):
        return await read_forecast(session, start=start, zone=ISTANBUL), outcome


def as_json(forecast: Forecast, outcome: Outcome) -> str:
    """Return all of it as JSON, the same bytes for the same data."""
    facts: dict[str, Any] = {
        "months": [asdict(month) for month in forecast.months],
        "events": list(forecast.events),
        "failures": dict(sorted(outcome.failures.items())),
        "unreadable_cards": outcome.unreadable_cards,
    }
    return json.dumps(facts, ensure_ascii=False, indent=1)


def as_text(forecast: Forecast, outcome: Outcome, language: str = "en") -> str:
    """Return every event on a line, then the months, then what went wrong."""
    lines = []
    for event in forecast.events:
        money = format_money(Money(event["amount"], event["currency"]), language) if event["currency"] else ""
        company = event["company"] or ""
        lines.append(f"{event['at']}  {company:<24} {event['kind']:<15} {event['what']:<44} {money:>14}")
    lines.append("")
    for month in forecast.months:
        told = ", ".join(f"{count} × {kind}" for kind, count in month.events.items())
        collected, net, vat, commission = (
            format_money(Money(amount, month.currency), language)
            for amount in (month.collected, month.net, month.vat, month.commission)
        )
        lines.append(
            f"{month.month}  collected {collected}, net {net}, VAT {vat}, commission {commission}  ({told})"
        )
    lines += [f"{name} failed on {count} rows" for name, count in sorted(outcome.failures.items())]
    if outcome.unreadable_cards:
        lines.append(f"{outcome.unreadable_cards} cards could not be read with this installation's key")
    return "\n".join(lines)


def show_progress(share: float) -> None:
    """Draw a bar on standard error, where somebody looks at it."""
    if sys.stderr.isatty():
        filled = round(share * BAR)
        sys.stderr.write(f"\r[{'#' * filled}{'.' * (BAR - filled)}] {share:4.0%}")
        sys.stderr.flush()
