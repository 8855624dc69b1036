"""A card registration: one try of a company to have a card kept at PayTR."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base import Base, CompanyOwned, Identified, Kurus
from app.db.encrypted import EncryptedText
from app.db.models.refund import RefundStatus
from app.db.models.stored_card import CARD_TOKENS, StoredCard
from app.lib.crypto import Encrypted
from app.lib.state import Transitions


class RegistrationStatus(StrEnum):
    """What is known of a registration."""

    WAITING = "waiting"
    """The buyer has PayTR's form; its callback decides."""
    CONFIRMED = "confirmed"
    """PayTR has taken the card; which one it is has still to be read from its list."""
    STORED = "stored"
    FAILED = "failed"
    EXPIRED = "expired"
    """PayTR was asked after the time limit and knows no success. A late one still counts."""


S = RegistrationStatus
UNDECIDED_REGISTRATIONS = frozenset({S.WAITING, S.CONFIRMED})
REGISTRATION_TRANSITIONS = Transitions[RegistrationStatus](
    {
        S.WAITING: {S.CONFIRMED, S.FAILED, S.EXPIRED},
        S.CONFIRMED: {S.STORED, S.FAILED},
        # a card refused once may be tried again on PayTR's page, and news may come late (paytr.md §5)
        S.FAILED: {S.CONFIRMED},
        S.EXPIRED: {S.CONFIRMED, S.FAILED},
    }
)


class CardRegistration(Identified, CompanyOwned, Base):
    """One payment that has PayTR keep a card, written before the form is shown, so that no callback is
    ever unknown.

    PayTR keeps a card only together with a payment (paytr.md §8): one of its own, whose money is given
    back, once; or an order's, `payment_id`, which settlement settles and whose money stays.
    """

    __tablename__ = "card_registrations"
    __table_args__ = (
        CheckConstraint(
            "status IN ('waiting', 'confirmed', 'stored', 'failed', 'expired')", name="status_is_known"
        ),
        CheckConstraint(
            "refund_status IN ('created', 'sent', 'unknown', 'succeeded', 'failed')",
            name="refund_status_is_known",
        ),
        CheckConstraint(
            "(payment_id IS NULL) = (merchant_oid ~ '^TZC[A-Z0-9]{1,61}$')", name="oid_tells_whose_payment"
        ),
        CheckConstraint(
            "payment_id IS NULL OR collected IS NULL", name="of_an_orders_payment_nothing_goes_back"
        ),
        CheckConstraint("amount > 0", name="amount_is_positive"),
        CheckConstraint(
            "(collected IS NOT NULL) = (refund_status IS NOT NULL)", name="what_was_taken_is_given_back"
        ),
        CheckConstraint(
            "(refund_status IS NOT NULL) = (refund_reference IS NOT NULL)", name="refund_has_a_reference"
        ),
        CheckConstraint(
            "coalesce(refund_status = 'succeeded', false) = (refunded_at IS NOT NULL)",
            name="given_back_has_an_instant",
        ),
        CheckConstraint("(status = 'stored') = (card_id IS NOT NULL)", name="stored_names_its_card"),
        CheckConstraint(
            "status = 'confirmed' OR (user_token IS NULL AND card_token IS NULL)",
            name="tokens_move_to_the_card",
        ),
        Index(
            "ix_card_registrations_due",
            "next_attempt_at",
            postgresql_where=text("next_attempt_at IS NOT NULL"),
        ),
    )

    started_by_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    payment_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("payments.id", ondelete="RESTRICT"), unique=True
    )
    """The order's payment that keeps the card; without one the registration makes its own."""
    merchant_oid: Mapped[str] = mapped_column(unique=True)
    """Of the payment that keeps the card."""
    status: Mapped[RegistrationStatus] = mapped_column(default=RegistrationStatus.WAITING)
    amount: Mapped[int] = mapped_column(Kurus)
    currency: Mapped[str]
    collected: Mapped[int | None] = mapped_column(Kurus)
    """What PayTR took from the card to verify it, and what is therefore given back."""
    consent_version: Mapped[str]
    consented_at: Mapped[datetime]
    consent_address: Mapped[str]
    user_token: Mapped[Encrypted | None] = mapped_column(EncryptedText(CARD_TOKENS))
    """PayTR's utoken from the callback, encrypted, until the card is stored."""
    card_token: Mapped[Encrypted | None] = mapped_column(EncryptedText(CARD_TOKENS))
    """PayTR's ctoken from the callback, encrypted; the callback may lack it."""
    card_id: Mapped[UUID | None] = mapped_column(ForeignKey("stored_cards.id", ondelete="RESTRICT"))
    failure_code: Mapped[str | None]
    """PayTR's code of a decline, or one of ours that is not a number."""
    refund_status: Mapped[RefundStatus | None]
    refund_reference: Mapped[str | None] = mapped_column(unique=True)
    """PayTR's `reference_no`: asked for by it before anything is sent again."""
    refunded_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    """Due column: PayTR is asked what became of it, the card is read, the money goes back. An order's
    payment is asked about by itself, and until it has succeeded nothing is due here."""

    card: Mapped[StoredCard | None] = relationship(lazy="raise")

    @property
    def is_undecided(self) -> bool:
        """Say whether it is still open if a card comes of this."""
        return self.status in UNDECIDED_REGISTRATIONS

    @property
    def owes_refund(self) -> bool:
        """Say whether money of this registration has still to go back."""
        return self.refund_status not in {None, RefundStatus.SUCCEEDED, RefundStatus.FAILED}
