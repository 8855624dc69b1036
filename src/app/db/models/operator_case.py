"""A case: something only a person can decide."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Identified


class CaseKind(StrEnum):
    """Why a person has to look."""

    UNKNOWN_ORDER = "unknown_order"
    AMOUNT_DIFFERS = "amount_differs"
    CURRENCY_DIFFERS = "currency_differs"
    TEST_PAYMENT = "test_payment"
    PAID_TWICE = "paid_twice"
    VERIFICATION_DIFFERS = "verification_differs"
    OUTCOME_UNKNOWN = "outcome_unknown"


class OperatorCase(Identified, Base):
    """One open or closed case; opened once per kind and subject."""

    __tablename__ = "operator_cases"
    __table_args__ = (UniqueConstraint("kind", "subject"),)

    kind: Mapped[CaseKind]
    subject: Mapped[str]
    """What it is about, for example the `merchant_oid`."""
    company_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("companies.id", ondelete="RESTRICT"), index=True
    )
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
