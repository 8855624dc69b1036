"""Who belongs to which company, and as what."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base import Base, CompanyOwned, Identified
from app.db.models.company import Company
from app.db.models.user import User


class Role(StrEnum):
    """A role inside one company."""

    OWNER = "owner"
    ADMIN = "admin"
    BILLING = "billing"
    DEVELOPER = "developer"


class Membership(Identified, CompanyOwned, Base):
    """One person in one company. It has one owner: an index allows no second, a trigger keeps the first."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("user_id", "company_id"),
        Index(
            "uq_memberships_one_owner_a_company",
            "company_id",
            unique=True,
            postgresql_where=text("role = 'owner'"),
        ),
        CheckConstraint("role IN ('owner', 'admin', 'billing', 'developer')", name="role_is_known"),
        CheckConstraint("workspace_quota >= 0", name="quota_is_not_negative"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    role: Mapped[Role] = mapped_column()
    workspace_quota: Mapped[int | None]
    """Workspaces that are kept for this person and are all they may have; nothing: they share what is left.

    A trigger keeps the sum of a company's quotas within its plan (docs/adr/0034).
    """

    user: Mapped[User] = relationship(lazy="raise")
    company: Mapped[Company] = relationship(lazy="raise")
