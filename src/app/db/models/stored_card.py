"""A stored card: PayTR keeps the card, we keep two encrypted tokens and what a person recognises it by."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, CompanyOwned, Identified
from app.db.encrypted import EncryptedText
from app.lib.crypto import Encrypted

CARD_TOKENS = "stored-card"
"""The purpose under which PayTR's tokens are encrypted."""


class StoredCard(Identified, CompanyOwned, Base):
    """One card of a company at PayTR; a removed one stays as a record without its tokens."""

    __tablename__ = "stored_cards"
    __table_args__ = (
        CheckConstraint("last_four ~ '^[0-9]{4}$'", name="last_four_are_digits"),
        CheckConstraint("expiry_month BETWEEN 1 AND 12", name="expiry_month_exists"),
        CheckConstraint(
            "(removed_at IS NULL OR removal_due_at IS NOT NULL) "
            "= (user_token IS NOT NULL AND card_token IS NOT NULL)",
            name="tokens_end_with_the_card",
        ),
        CheckConstraint("NOT (is_default AND removed_at IS NOT NULL)", name="default_is_there"),
        Index(
            "uq_stored_cards_default",
            "company_id",
            unique=True,
            postgresql_where=text("is_default AND removed_at IS NULL"),
        ),
        Index(
            "uq_stored_cards_card",
            "company_id",
            "card_digest",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
        Index(
            "ix_stored_cards_removal_due",
            "removal_due_at",
            postgresql_where=text("removal_due_at IS NOT NULL"),
        ),
    )

    added_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    user_token: Mapped[Encrypted | None] = mapped_column(EncryptedText(CARD_TOKENS))
    """PayTR's utoken, encrypted; all cards of a company share one."""
    card_token: Mapped[Encrypted | None] = mapped_column(EncryptedText(CARD_TOKENS, digest="card_digest"))
    """PayTR's ctoken, encrypted."""
    card_digest: Mapped[str]
    """Keyed digest of the ctoken: finds a card again without decrypting anything."""
    brand: Mapped[str]
    """VISA, MASTERCARD, AMEX, TROY or OTHER."""
    bank: Mapped[str]
    last_four: Mapped[str]
    expiry_month: Mapped[int]
    expiry_year: Mapped[int]
    """Four digits."""
    requires_cvv: Mapped[bool] = mapped_column(default=False)
    """PayTR asks for the CVV each time: unfit for renewals without the buyer."""
    is_default: Mapped[bool] = mapped_column(default=False)
    refused_at: Mapped[datetime | None]
    """A hard decline: no further attempt on this card."""
    consent_version: Mapped[str]
    consented_at: Mapped[datetime]
    consent_address: Mapped[str | None]
    removed_at: Mapped[datetime | None]
    removal_due_at: Mapped[datetime | None]
    """Due column: the removal at PayTR is still to be done; the tokens stay until then."""

    def is_expired(self, on: date) -> bool:
        """Say whether the card's last month is over."""
        return (self.expiry_year, self.expiry_month) < (on.year, on.month)

    def expires_soon(self, on: date) -> bool:
        """Say whether the card ends with this month or the next."""
        left = (self.expiry_year - on.year) * 12 + self.expiry_month - on.month
        return 0 <= left <= 1

    def is_fit(self, on: date) -> bool:
        """Say whether it can be charged without the buyer."""
        return not (self.removed_at or self.refused_at or self.requires_cvv or self.is_expired(on))
