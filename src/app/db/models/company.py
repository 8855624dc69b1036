"""A company: the tenant. It owns everything a customer can see."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, false, true
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Identified


class Company(Identified, Base):
    """A tenant and its billing identity."""

    __tablename__ = "companies"
    __table_args__ = (
        CheckConstraint(
            "slug ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' AND length(slug) <= 30", name="slug_is_a_label"
        ),
        CheckConstraint("language IN ('tr', 'en')", name="language_is_known"),
    )

    name: Mapped[str]
    slug: Mapped[str] = mapped_column(unique=True)
    """The company's part of a workspace's host name; never changes."""
    language: Mapped[str] = mapped_column(default="tr")
    founder_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), index=True)
    """Who signed it up, and had its trial: that stays theirs when the ownership goes to somebody else."""
    legal_name: Mapped[str | None]
    tax_office: Mapped[str | None]
    tax_number: Mapped[str | None]
    """VKN (10 digits) or TCKN (11 digits); the invoice copies it."""
    address: Mapped[str | None]
    phone: Mapped[str | None]
    closing_requested_at: Mapped[datetime | None]
    """When the owner asked for it to be closed; it is so once its files are gone (docs/adr/0032)."""
    closed_at: Mapped[datetime | None]
    """When what names people in it was taken away; the books stay."""
    support_access_allowed: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether operators may look at the company's pages as its owner sees them."""
    requires_two_factor: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Everything of the company is closed to whoever has no second factor."""
