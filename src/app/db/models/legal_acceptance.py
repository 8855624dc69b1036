"""Which version of which document somebody accepted, when and from where."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, CompanyOwned, Identified


class LegalAcceptance(Identified, CompanyOwned, Base):
    """One acceptance of one version; never changed."""

    __tablename__ = "legal_acceptances"
    __table_args__ = (UniqueConstraint("user_id", "company_id", "document", "version"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    document: Mapped[str]
    version: Mapped[str]
    sha256: Mapped[str]
    """Of the text as shown, so that the wording can be proven later."""
    accepted_at: Mapped[datetime]
    address: Mapped[str]
    """The network address it came from."""
