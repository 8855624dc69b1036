"""Reconciliation: what PayTR's reports said, word for word, and every difference from our own book."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Identified, Kurus


class ReportKind(StrEnum):
    """PayTR's three reports (paytr.md §13)."""

    TRANSACTIONS = "transactions"
    STATEMENT = "statement"
    PAYOUT = "payout"


class DifferenceCause(StrEnum):
    """Why a row of theirs and a row of ours do not meet."""

    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    AMOUNT = "amount"
    CURRENCY = "currency"
    DATE = "date"
    DUPLICATED = "duplicated"
    TOTAL = "total"
    """Each row agrees, the sums do not: transactions against payouts, future payouts and commission."""


class ReconciliationRun(Identified, Base):
    """One comparison of one day of Türkiye; a day may be compared again, the newest run counts."""

    __tablename__ = "reconciliation_runs"
    __table_args__ = (Index("ix_reconciliation_runs_day", "day", "started_at"),)

    day: Mapped[date]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    """Empty while it runs, and when it was cut off."""
    error: Mapped[str | None]
    """Why the reports could not be had; such a run proves nothing."""
    sales_count: Mapped[int] = mapped_column(default=0)
    refund_count: Mapped[int] = mapped_column(default=0)
    totals: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Per currency, in minor units: sales, refunds, commission, paid out, still to be paid out."""
    difference_count: Mapped[int] = mapped_column(default=0)


class ProviderReport(Identified, Base):
    """One report as it was received; append only."""

    __tablename__ = "provider_reports"
    __table_args__ = (
        CheckConstraint("kind IN ('transactions', 'statement', 'payout')", name="kind_is_known"),
    )

    run_id: Mapped[UUID] = mapped_column(
        ForeignKey("reconciliation_runs.id", ondelete="RESTRICT"), index=True
    )
    kind: Mapped[ReportKind]
    first_day: Mapped[date]
    last_day: Mapped[date]
    fetched_at: Mapped[datetime]
    body: Mapped[str]
    sha256: Mapped[str]


class ReconciliationDifference(Identified, Base):
    """One difference with its cause; explained once by a person through its case."""

    __tablename__ = "reconciliation_differences"
    __table_args__ = (
        UniqueConstraint("run_id", "position"),
        CheckConstraint(
            "cause IN ('missing_here', 'missing_there', 'amount', 'currency', 'date', 'duplicated', 'total')",
            name="cause_is_known",
        ),
    )

    run_id: Mapped[UUID] = mapped_column(
        ForeignKey("reconciliation_runs.id", ondelete="RESTRICT"), index=True
    )
    position: Mapped[int]
    cause: Mapped[DifferenceCause]
    kind: Mapped[str]
    """`sale`, `refund` or `total`."""
    merchant_oid: Mapped[str | None]
    reference: Mapped[str | None]
    currency: Mapped[str | None]
    ours: Mapped[int | None] = mapped_column(Kurus)
    theirs: Mapped[int | None] = mapped_column(Kurus)
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
