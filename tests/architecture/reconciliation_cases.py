"""The operator's pages of reconciliation: every state of a day, every cause of a difference."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from app.db.models import DifferenceCause, ReconciliationDifference, ReconciliationRun, ReportKind
from app.domain.accounts.operators import Operator
from app.domain.billing.reconciliation.proof import Totals
from app.domain.billing.reconciliation.views import (
    DayFile,
    DayPage,
    DayRow,
    ReportFile,
    cause_of,
    days_of,
)
from tests.architecture import samples
from tests.architecture.case import Case

DAY = date(2026, 11, 20)
FACTS: dict[DifferenceCause, dict[str, Any]] = {
    DifferenceCause.MISSING_HERE: {"our_state": "waiting"},
    DifferenceCause.CURRENCY: {"their_currency": "USD"},
    DifferenceCause.DATE: {"our_day": "2026-11-19", "their_day": "2026-11-20"},
}
PROVEN = Totals(
    sales=594_000,
    refunds=97_000,
    reported_sales=594_000,
    reported_refunds=97_000,
    commission=14_910,
    net=482_090,
    opening=120_000,
    paid_out=120_000,
    closing=482_090,
    announced=779_090,
    since_net=297_000,
)
UNPROVEN = Totals(
    sales=297_000,
    refunds=1_000,
    carried=-99_000,
    surcharge=500,
    differences=1,
    reported_sales=197_501,
    reported_refunds=1_000,
    commission=5_895,
    net=190_606,
    opening_is_known=False,
    closing=190_605,
    test_sales=100,
)


def run(**facts: Any) -> ReconciliationRun:
    """Return a run that ended well, unless told otherwise."""
    defaults: dict[str, Any] = {
        "finished_at": samples.NOW,
        "error": None,
        "totals": {},
        "difference_count": 0,
    }
    return ReconciliationRun(day=DAY, started_at=samples.NOW, **{**defaults, **facts})


def differences() -> list[ReconciliationDifference]:
    """Return one of every cause; the order PayTR names would be markup if anything forgot to escape it."""
    rows = [
        ReconciliationDifference(
            cause=cause,
            kind="refund" if cause is DifferenceCause.AMOUNT else "sale",
            merchant_oid="TZG0123456789" if cause is DifferenceCause.DATE else samples.RAW_NAME,
            reference="TZR0123456789" if cause is DifferenceCause.AMOUNT else None,
            currency="TRY",
            ours=None if cause is DifferenceCause.MISSING_HERE else 297_000,
            theirs=None if cause is DifferenceCause.MISSING_THERE else 297_001,
            facts=FACTS.get(cause, {}),
        )
        for cause in DifferenceCause
        if cause is not DifferenceCause.TOTAL
    ]
    for check in ("row", "payout", "balance"):
        kind = "sale" if check == "row" else "total"
        oid = "TZG0123456789" if check == "row" else None
        total = ReconciliationDifference(cause=DifferenceCause.TOTAL, kind=kind, merchant_oid=oid)
        total.currency, total.ours, total.theirs, total.facts = "TRY", 482_090, 482_089, {"check": check}
        rows.append(total)
    return rows


def reports() -> list[ReportFile]:
    """Return one kept report of each kind."""
    return [
        ReportFile(
            samples.identifier(kind), kind, DAY, DAY + timedelta(days=1), samples.NOW, "ab" * 32, 4_096
        )
        for kind in ReportKind
    ]


def rows() -> dict[str, DayRow]:
    """Return a day in each state."""
    both = {"TRY": asdict(PROVEN), "USD": asdict(PROVEN)}
    differs = run(totals={"TRY": asdict(UNPROVEN)}, difference_count=len(differences()))
    proven, failed = run(totals=both), run(error="GatewayUnreachable: the line is cut")
    return {
        "proven": DayRow(DAY, proven, proven),
        "differs": DayRow(DAY, differs, failed),
        "quiet": DayRow(DAY, run(), run()),
        "failed": DayRow(DAY, None, failed),
        "running": DayRow(DAY, None, run(finished_at=None)),
        "not-yet": DayRow(DAY, None, None),
    }


def reconciliation_cases(operator: Operator) -> Iterator[Case]:
    """Yield the list, full and empty and further back, and one day in every state."""
    address = "/operator/reconciliation"
    pages = (DayPage(list(rows().values()), None), DayPage(list(rows().values()), DAY), DayPage([], None))
    for number, found in enumerate(pages):
        for is_newest in (True, False):
            context: dict[str, Any] = {"found": found, "is_newest": is_newest}
            name = f"reconciliation-{number}-{is_newest}"
            yield Case(
                name, "operator/reconciliation.html.j2", address, operator, context, blocks=("content",)
            )
    for state, row in rows().items():
        file = DayFile(
            row=row,
            differences=differences() if state == "differs" else [],
            known_payments={"TZG0123456789"},
            reports=reports() if row.run else [],
            earlier=[run(error="GatewayUnreachable: the line is cut"), run(finished_at=None)],
        )
        context = {"file": file, "cause_of": cause_of, "days_of": days_of}
        path = f"{address}/{DAY.isoformat()}"
        template = "operator/reconciliation_day.html.j2"
        yield Case(f"reconciliation-{state}", template, path, operator, context, blocks=("content",))
