"""The inbox: what PayTR said, word for word."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Identified


class PaymentEvent(Identified, Base):
    """One signed message; append only."""

    __tablename__ = "payment_events"

    merchant_oid: Mapped[str] = mapped_column(index=True)
    payment_id: Mapped[UUID | None] = mapped_column(ForeignKey("payments.id", ondelete="RESTRICT"))
    source: Mapped[str]
    """`callback` or `inquiry`."""
    outcome: Mapped[str]
    """What it changed: `applied`, `failed`, `held`, `unknown_order`, `ignored`."""
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
