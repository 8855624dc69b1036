"""Which version of which document somebody accepted, when and from where."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, CompanyOwned, Identified


class LegalAcceptance(Identified, CompanyOwned, Base):
    """One acceptance of one version; never changed."""

    __tablename__ = "legal_acceptances"
    __table_args__ = (
        Index(
            "uq_legal_acceptances_of_a_person",
            "user_id",
            "company_id",
            "document",
            "version",
            unique=True,
            postgresql_where=text("order_id IS NULL"),
        ),
        Index(
            "uq_legal_acceptances_of_an_order",
            "order_id",
            "document",
            unique=True,
            postgresql_where=text("order_id IS NOT NULL"),
        ),
        CheckConstraint("user_id IS NOT NULL OR order_id IS NOT NULL", name="somebody_or_the_orders_link"),
    )

    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), index=True)
    """Empty where an order was accepted through its link, by whoever held that."""
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"))
    """Of the contract of one order: which."""
    document: Mapped[str]
    version: Mapped[str]
    sha256: Mapped[str]
    """Of the text as shown (`LegalText`); of rows from before those were kept, of its template."""
    accepted_at: Mapped[datetime]
    address: Mapped[str]
    """The network address it came from."""
