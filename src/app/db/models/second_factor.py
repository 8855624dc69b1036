"""What a person has beside a password: an authenticator app, and codes on paper for when it is lost."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Identified
from app.db.encrypted import EncryptedText
from app.lib.crypto import Encrypted

FACTOR_SECRETS = "second-factor"
"""The purpose under which the keys of authenticator apps are encrypted."""


class SecondFactor(Identified, Base):
    """One authenticator app of one person (RFC 6238); there is no row until a code of it was right."""

    __tablename__ = "second_factors"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), unique=True)
    secret: Mapped[Encrypted] = mapped_column(EncryptedText(FACTOR_SECRETS))
    """The key from which the app computes its codes."""
    confirmed_at: Mapped[datetime]
    last_used_step: Mapped[int] = mapped_column(BigInteger)
    """The half minute, since 1970, whose code was accepted last: it and those before it open nothing."""


class RecoveryCode(Identified, Base):
    """One code that stands in for the app, once; only its hash is kept."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("user_id", "code_hash"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("second_factors.user_id", ondelete="RESTRICT"))
    code_hash: Mapped[str]
    used_at: Mapped[datetime | None]
