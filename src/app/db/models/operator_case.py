"""A case: something only a person can decide."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Identified


class CaseKind(StrEnum):
    """Why a person has to look."""

    UNKNOWN_ORDER = "unknown_order"
    AMOUNT_DIFFERS = "amount_differs"
    CURRENCY_DIFFERS = "currency_differs"
    TEST_PAYMENT = "test_payment"
    PAID_TWICE = "paid_twice"
    ORDER_LAPSED = "order_lapsed"
    VERIFICATION_DIFFERS = "verification_differs"
    OUTCOME_UNKNOWN = "outcome_unknown"
    REFUND_REFUSED = "refund_refused"
    RECONCILIATION_DIFFERS = "reconciliation_differs"
    REPORTS_MISSING = "reports_missing"
    CALLBACK_UNREADABLE = "callback_unreadable"


class OperatorCase(Identified, Base):
    """One open or closed case; opened once per kind and subject."""

    __tablename__ = "operator_cases"
    __table_args__ = (
        UniqueConstraint("kind", "subject"),
        CheckConstraint("(closed_at IS NULL) = (decision IS NULL)", name="closed_by_a_decision"),
        Index("ix_operator_cases_open", "opened_at", postgresql_where=text("closed_at IS NULL")),
    )

    kind: Mapped[CaseKind]
    subject: Mapped[str]
    """What it is about, for example the `merchant_oid`."""
    company_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("companies.id", ondelete="RESTRICT"), index=True
    )
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    opened_at: Mapped[datetime]
    decision: Mapped[str | None]
    """What was decided, one of the kind's actions."""
    note: Mapped[str | None]
    """Why, in the words of who decided."""
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    """Nobody when the engine itself settled the matter."""
    closed_at: Mapped[datetime | None]
