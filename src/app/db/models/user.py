"""A person who can log in; what they may do stands in their memberships."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Computed, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Identified

MAILBOX = r"""
CASE WHEN lower(email COLLATE "C") ~ '@(gmail|googlemail)\.com$'
     THEN replace(
              regexp_replace(split_part(lower(email COLLATE "C"), '@', 1), '^([^+]+)\+.*$', '\1'), '.', ''
          ) || '@gmail.com'
     ELSE regexp_replace(lower(email COLLATE "C"), '^([^+@]+)\+[^@]*@', '\1@')
END
"""
"""Where an address leads, however it is spelt: case and `+tag` are dropped, and Gmail's dots and second name.

An address is ASCII (`accounts.require_email`), so there is nothing else to fold. The database computes it:
no way of writing a person can leave it out, and the rows of before have it too.
"""


class User(Identified, Base):
    """A person, their credentials and their preferences."""

    __tablename__ = "users"
    __table_args__ = (
        Index("uq_users_email_lower", text("lower(email)"), unique=True),
        CheckConstraint("language IN ('tr', 'en')", name="language_is_known"),
        CheckConstraint("color_scheme IN ('auto', 'light', 'dark')", name="color_scheme_is_known"),
    )

    email: Mapped[str]
    mailbox: Mapped[str] = mapped_column(Computed(MAILBOX, persisted=True), index=True)
    email_verified_at: Mapped[datetime | None]
    """When somebody who reads this address's mail has shown it; empty until then."""
    full_name: Mapped[str]
    password_hash: Mapped[str]
    language: Mapped[str] = mapped_column(default="tr")
    color_scheme: Mapped[str] = mapped_column(default="auto")
    session_epoch: Mapped[int] = mapped_column(default=0)
    """Sessions carry the epoch they began in; raising it ends them all."""
    is_operator: Mapped[bool] = mapped_column(default=False)
    """A role of the platform, never of a company; given only by the command line."""
    last_login_at: Mapped[datetime | None]
    accepted_documents: Mapped[str | None]
    """Which versions of the legal documents they accepted last (`legal.asked_of_people`)."""
    deleted_at: Mapped[datetime | None]
    """When the person asked to be forgotten; the row that is left names nobody (docs/adr/0032)."""
