"""One company's agreement: the plan, the period that is paid, and where it stands."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base import Base, CompanyOwned, Identified
from app.db.models.plan import Plan
from app.db.models.plan_price import Interval
from app.lib.state import Transitions

TRIAL_LENGTH = timedelta(days=14)
"""Product §3; shown on the landing and in the contracts."""
RENEWAL_GRACE = timedelta(days=7)
"""How long a period that ended still counts when nobody canceled: a late run of ours must stop nobody.

A trial that is to go on as a paid period counts as long, while its charge is on its way or undecided.
"""


class SubscriptionStatus(StrEnum):
    """Where a subscription stands."""

    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    SUSPENDED = "suspended"
    CANCELED = "canceled"


S = SubscriptionStatus
SUBSCRIPTION_TRANSITIONS = Transitions[SubscriptionStatus](
    {
        S.TRIALING: {S.ACTIVE, S.SUSPENDED, S.CANCELED},
        S.ACTIVE: {S.ACTIVE, S.PAST_DUE, S.SUSPENDED, S.CANCELED},
        S.PAST_DUE: {S.ACTIVE, S.SUSPENDED, S.CANCELED},
        S.SUSPENDED: {S.ACTIVE, S.CANCELED},
        S.CANCELED: {S.ACTIVE},  # paying again revives it with a new period (product §3)
    }
)


class Subscription(Identified, CompanyOwned, Base):
    """The agreement of one company; at most one that is not canceled."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        Index(
            "uq_subscriptions_live_company",
            "company_id",
            unique=True,
            postgresql_where=text("status <> 'canceled'"),
        ),
        Index(
            "ix_subscriptions_due_trial",
            "trial_ends_at",
            postgresql_where=text("status = 'trialing'"),
        ),
        Index(
            "ix_subscriptions_due_renewal",
            "current_period_end",
            postgresql_where=text("status = 'active'"),
        ),
        Index(
            "ix_subscriptions_due_attempt",
            "next_attempt_at",
            postgresql_where=text("next_attempt_at IS NOT NULL"),
        ),
        Index(
            "ix_subscriptions_due_deletion",
            "data_kept_until",
            postgresql_where=text("data_kept_until IS NOT NULL AND data_deleted_at IS NULL"),
        ),
        CheckConstraint(
            "status IN ('trialing', 'active', 'past_due', 'suspended', 'canceled')", name="status_is_known"
        ),
        CheckConstraint("interval IN ('month', 'year')", name="interval_is_known"),
        CheckConstraint("current_period_end > current_period_start", name="period_is_forward"),
        CheckConstraint(
            "status <> 'active' OR (current_period_end IS NOT NULL AND anchor_at IS NOT NULL)",
            name="active_has_a_period",
        ),
        CheckConstraint("status <> 'trialing' OR trial_ends_at IS NOT NULL", name="trial_ends"),
        CheckConstraint("status <> 'past_due' OR past_due_since IS NOT NULL", name="past_due_has_begun"),
        CheckConstraint("status <> 'active' OR past_due_since IS NULL", name="active_owes_nothing"),
        CheckConstraint("charge_attempts >= 0", name="attempts_are_not_negative"),
        CheckConstraint(
            "(pending_price_id IS NULL) = (pending_since IS NULL)", name="pending_change_has_an_instant"
        ),
    )

    plan_code: Mapped[str] = mapped_column(ForeignKey("plans.code", ondelete="RESTRICT"))
    price_id: Mapped[UUID | None] = mapped_column(ForeignKey("plan_prices.id", ondelete="RESTRICT"))
    """The price version bought; empty until the first payment."""
    interval: Mapped[Interval] = mapped_column(default=Interval.MONTH)
    status: Mapped[SubscriptionStatus]
    trial_ends_at: Mapped[datetime | None]
    anchor_at: Mapped[datetime | None]
    """The instant of activation; every period is computed from it, never from the one before."""
    current_period_start: Mapped[datetime | None]
    current_period_end: Mapped[datetime | None]
    cancel_at_period_end: Mapped[bool] = mapped_column(default=False)
    canceled_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    pending_price_id: Mapped[UUID | None] = mapped_column(ForeignKey("plan_prices.id", ondelete="RESTRICT"))
    """The price of the next period, when a smaller plan or shorter interval was chosen for then."""
    pending_since: Mapped[datetime | None]
    converts_at_trial_end: Mapped[bool] = mapped_column(default=False)
    """The owner asked that the trial goes on as a paid period, charged to the stored card."""
    past_due_since: Mapped[datetime | None]
    """Day 0 of dunning: the period's end that was not paid for, or the run that came days late for it. Every
    stage is counted from here."""
    charge_attempts: Mapped[int] = mapped_column(default=0)
    """Scheduled attempts of this dunning that are over; what a customer tries meanwhile does not count."""
    next_attempt_at: Mapped[datetime | None]
    """Due column of dunning: when the engine looks again."""
    data_kept_until: Mapped[datetime | None]
    """Due column of retention: when the workspaces' files are deleted, unless a payment comes before."""
    data_deleted_at: Mapped[datetime | None]

    plan: Mapped[Plan] = relationship(lazy="raise")

    def grants_access(self, at: datetime) -> bool:
        """Say whether workspaces may run: in trial, in a paid period, or within the grace of dunning.

        A period that nobody canceled goes on for `RENEWAL_GRACE` until the renewal run has come.
        """
        if self.status is SubscriptionStatus.TRIALING and self.trial_ends_at is not None:
            return at < self.trial_ends_at + (RENEWAL_GRACE if self.converts_at_trial_end else timedelta())
        if self.status is SubscriptionStatus.ACTIVE and self.current_period_end is not None:
            grace = timedelta() if self.cancel_at_period_end else RENEWAL_GRACE
            return at < self.current_period_end + grace
        return self.status is SubscriptionStatus.PAST_DUE
