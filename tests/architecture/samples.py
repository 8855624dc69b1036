"""One of everything a page can show, made of real rows that no database knows."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from app.db.models import (
    Company,
    Interval,
    Invoice,
    Order,
    OrderKind,
    Payment,
    PaymentStatus,
    Plan,
    Role,
    Subscription,
    SubscriptionStatus,
    TransitionKind,
    User,
    Workspace,
    WorkspaceStatus,
    WorkspaceTransition,
)
from app.domain.billing.views import Overview, PaymentRow
from app.domain.companies.viewer import Viewer
from app.domain.plans.queries import Offer
from app.domain.plans.service import LIMITS, new_price, read_catalogue
from app.domain.subscriptions.entitlement import entitlement_of
from app.domain.workspaces.views import Step
from app.lib.errors import InvalidInput

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
RAW_NAME = "<b>Çalışkan & Oğulları</b>"
"""A company whose name would be markup if anything forgot to escape it."""


BACK = {
    PaymentStatus.SUCCEEDED: (0, 29_700),
    PaymentStatus.PARTLY_REFUNDED: (99_000, 49_500),
    PaymentStatus.REFUNDED: (297_000, 0),
}
"""What has gone back and what is going, in kuruş."""


def identifier(name: str) -> UUID:
    """Return the same id for the same thing in every run, so that equal pages are equal."""
    return uuid5(NAMESPACE_URL, name)


def offers() -> list[Offer]:
    """Return the catalogue as it is seeded."""
    catalogue = seed()
    found = []
    for rank, entry in enumerate(catalogue["plans"], start=1):
        plan = Plan(code=entry["code"], rank=rank, **{name: entry.get(name) for name in LIMITS})
        prices = {
            interval: new_price(
                plan_code=plan.code,
                interval=interval,
                currency=catalogue["currency"],
                gross=entry[interval.value],
                vat_basis_points=catalogue["vat_basis_points"],
                version=1,
                at=NOW,
            )
            for interval in Interval
        }
        found.append(Offer(plan, prices))
    return found


@cache
def seed() -> dict[str, Any]:
    """Return the seed, read once for the thousands of offers made of it."""
    return read_catalogue()


def plan(code: str = "team") -> Plan:
    """Return one plan of the catalogue."""
    return next(offer.plan for offer in offers() if offer.plan.code == code)


def unlimited() -> Plan:
    """Return a plan without limits: null, never a number."""
    return Plan(
        code="own",
        name="Own",
        rank=9,
        workspace_limit=None,
        disk_gb=500,
        memory_mb=16384,
        cpu_count=8,
        idle_stop_minutes=None,
    )


def subscriptions(at: datetime) -> dict[str, Subscription | None]:
    """Return a subscription in each state that a page tells apart."""

    def one(status: SubscriptionStatus, **facts: Any) -> Subscription:
        defaults = {"plan_code": "team", "plan": plan(), "interval": Interval.MONTH}
        flags = {"cancel_at_period_end": False, "converts_at_trial_end": False}
        return Subscription(status=status, **{**defaults, **flags, **facts})

    running = {"current_period_start": at - 10 * DAY, "current_period_end": at + 20 * DAY, "anchor_at": at}
    over = {"current_period_start": at - 40 * DAY, "current_period_end": at - 10 * DAY, "anchor_at": at}
    state = SubscriptionStatus
    return {
        "trial": one(state.TRIALING, trial_ends_at=at + 9 * DAY + timedelta(hours=3)),
        "last-day": one(state.TRIALING, trial_ends_at=at + timedelta(hours=3)),
        "trial-over": one(state.TRIALING, trial_ends_at=at - timedelta(hours=3)),
        "trial-goes-on": one(
            state.TRIALING, trial_ends_at=at + 2 * DAY + timedelta(hours=3), converts_at_trial_end=True
        ),
        "trial-charged": one(
            state.TRIALING, trial_ends_at=at - timedelta(hours=3), converts_at_trial_end=True
        ),
        "no-trial": one(state.SUSPENDED),
        "trial-suspended": one(state.SUSPENDED, trial_ends_at=at - 2 * DAY),
        "active": one(state.ACTIVE, **running),
        "yearly": one(state.ACTIVE, **{**running, "interval": Interval.YEAR}),
        "ending": one(state.ACTIVE, **running, cancel_at_period_end=True),
        "unlimited": one(state.ACTIVE, **running, plan=unlimited()),
        "lapsed": one(state.ACTIVE, **over),
        "past-due": one(state.PAST_DUE, **over, past_due_since=at - 3 * DAY, charge_attempts=2),
        "suspended": one(
            state.SUSPENDED,
            **over,
            past_due_since=at - 10 * DAY,
            suspended_at=at - 3 * DAY,
            charge_attempts=3,
        ),
        "none": None,
    }


def viewer(role: Role, language: str, subscription: Subscription | None, scheme: str = "auto") -> Viewer:
    """Return a person in a company."""
    user = User(
        id=identifier("user"),
        full_name="Ada Çalışkan",
        email="ada@acme.com.tr",
        language=language,
        color_scheme=scheme,
        email_verified_at=NOW,
    )
    company = Company(id=identifier("company"), name=RAW_NAME, slug="caliskan", language=language)
    return Viewer(user, company, role, subscription)


def workspace(
    name: str, status: WorkspaceStatus, *, at: datetime, owner: User | None = None, error: str | None = None
) -> Workspace:
    """Return a workspace in a state."""
    return Workspace(
        id=identifier(name),
        company_id=identifier("company"),
        name=name,
        driver="process",
        status=status,
        last_error=error,
        owner_id=owner.id if owner else identifier("nobody"),
        owner=owner,
        created_at=at - 3 * DAY,
        ready_at=at - timedelta(hours=2) if status is WorkspaceStatus.READY else None,
    )


def workspaces(at: datetime, owner: User) -> list[Workspace]:
    """Return one workspace in every state."""
    names = ("orders", "web-shop", "payments", "reports", "search", "landing", "old")
    return [
        workspace(name, status, at=at, owner=owner)
        for name, status in zip(names, WorkspaceStatus, strict=True)
    ]


def payment(status: PaymentStatus, *, at: datetime, interval: Interval = Interval.MONTH) -> Payment:
    """Return a payment in a state with the order it is for."""
    price = next(offer for offer in offers() if offer.plan.code == "team").prices[interval]
    order = Order(
        id=identifier("row"),
        kind=OrderKind.PURCHASE,
        plan_code="team",
        plan_name="Team",
        interval=interval,
        currency="TRY",
        credit=0,
        gross=price.gross,
        net=price.net,
        vat=price.vat,
        vat_basis_points=2000,
    )
    return Payment(
        id=identifier("row"),
        order=order,
        merchant_oid="TZG0123456789",
        status=status,
        amount=price.gross,
        currency="TRY",
        is_surplus=False,
        refunded=BACK.get(status, (0, 0))[0],
        refund_reserved=sum(BACK.get(status, (0, 0))),
        created_at=at - 2 * DAY,
    )


def invoice(*, at: datetime, rendered: bool = True, sequence: int = 41) -> Invoice:
    """Return an invoice, with its PDF or before it."""
    return Invoice(
        id=identifier("row"),
        number=f"TZG2026{sequence:09d}",
        currency="TRY",
        net=247_500,
        vat=49_500,
        total=297_000,
        issue_date=at.date(),
        period_start=at,
        period_end=at + 30 * DAY,
        pdf_rendered_at=at if rendered else None,
    )


def overview(subscription: Subscription | None, *, at: datetime, owner: User, filled: bool) -> Overview:
    """Return what the dashboard is given: with something of every kind, or with nothing yet."""
    rows = [
        PaymentRow(
            payment(
                status, at=at, interval=Interval.YEAR if status is PaymentStatus.REFUNDED else Interval.MONTH
            ),
            invoice(at=at, rendered=status is PaymentStatus.SUCCEEDED)
            if status in {PaymentStatus.SUCCEEDED, PaymentStatus.REFUNDED}
            else None,
        )
        for status in PaymentStatus
    ]
    shown = workspaces(at, owner)[:6] if filled else []
    return Overview(
        subscription=subscription,
        entitlement=entitlement_of(subscription, at),
        workspaces=shown,
        workspace_count=8 if filled else 0,
        payments=rows if filled else [],
    )


def steps(*, failed: bool) -> list[Step]:
    """Return steps done, under way (or failed) and still to come."""
    later = NOW + timedelta(seconds=1.44)
    return [
        Step("Prepare the files", NOW, later, failed),
        Step("Start the editor", later, None, failed),
        Step("Open the address", None, None, failed),
    ]


def started(at: datetime) -> WorkspaceTransition:
    """Return a start that came to its end."""
    return WorkspaceTransition(
        kind=TransitionKind.START, requested_at=at, finished_at=at + timedelta(seconds=4.12), error=None
    )


def refusal(field: str | None) -> InvalidInput:
    """Return a refusal with a fact to fill in."""
    return InvalidInput("Choose a password of at least %(length)s characters.", field=field, length=10)
