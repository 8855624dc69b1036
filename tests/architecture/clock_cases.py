"""The operator's pages of test clocks: standing, moving, failed, and with all that can happen."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from app.db.models import ClockStatus, Company, Role, SubscriptionStatus, TestClock
from app.domain.accounts.operators import Operator
from app.domain.billing.clocks.targets import PRESETS
from app.domain.companies.details import LONGEST, BillingDetails
from app.domain.ops.clock_pages import ClockFile, ClockRow
from app.domain.ops.controllers.clocks import NewClock, Target
from app.domain.ops.happenings import CHANGES, Happening, HappeningKind, Happenings
from app.lib.errors import InvalidInput
from tests.architecture import samples
from tests.architecture.case import Case

AT = samples.NOW


def clock(status: ClockStatus = ClockStatus.READY, *, ahead: int = 30) -> TestClock:
    """Return a clock so many days ahead."""
    moving = status is not ClockStatus.READY
    return TestClock(
        id=samples.identifier("clock"),
        company_id=samples.identifier("company"),
        at=AT + timedelta(days=ahead),
        status=status,
        began_at=AT - timedelta(days=1),
        advancing_to=AT + timedelta(days=ahead + 60) if moving else None,
        moved_at=AT,
        error=samples.RAW_NAME if status is ClockStatus.FAILED else None,
    )


def clock_cases(operator: Operator) -> Iterator[Case]:
    """Yield the pages in every state."""
    company = Company(id=samples.identifier("company"), name=samples.RAW_NAME, slug="caliskan")
    inside = replace(samples.viewer(Role.BILLING, operator.user.language, None), clock=clock())
    context: dict[str, Any] = {"form": BillingDetails(), "longest": LONGEST, "errors": {}}
    yield Case("on-a-clock", "billing/details.html.j2", "/billing/details", inside, context)
    rows = [ClockRow(clock(status), company, SubscriptionStatus.ACTIVE) for status in ClockStatus]
    wrong = InvalidInput("There is no company of this name, or more than one.", field="company")
    for name, found, errors in (("some", rows, {}), ("none", [], {"company": wrong})):
        context = {"rows": found, "form": NewClock(samples.RAW_NAME), "errors": errors}
        yield Case(f"clocks-{name}", "operator/clocks.html.j2", "/operator/clocks", operator, context)
    happened = [
        Happening(AT, kind, what, "TZG1", 297_000, "TRY")
        for kind in HappeningKind
        for what in CHANGES.values()
    ]
    back = ClockRow(clock(ahead=-1), company, None)
    for row in (*rows, back):
        for latest in (happened, []):
            counts = {one.kind: 1_234 for one in latest}
            context = {"file": ClockFile(row, Happenings(latest, counts)), "presets": PRESETS, "at": AT}
            context |= {"form": Target(to="2027-01-01T09:00"), "errors": {}}
            yield Case(
                f"clock-{row.clock.status}",
                "operator/clock.html.j2",
                f"/operator/clocks/{company.id}",
                operator,
                context,
                blocks=("content", "clock"),
            )
