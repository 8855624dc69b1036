"""The double-entry book: journals whose postings sum to zero, only ever added to, and their proofs."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Identified, Kurus


class Account(StrEnum):
    """What is owed, owned, earned and spent. A debit is positive, a credit negative."""

    RECEIVABLE = "receivable"
    """What companies owe for what they were invoiced."""
    PAYTR_CLEARING = "paytr_clearing"
    """What PayTR has taken from cards and owes us."""
    COMMISSION = "commission"
    """What PayTR keeps, less the surcharge of instalments."""
    REVENUE = "revenue"
    """Net of VAT."""
    VAT_PAYABLE = "vat_payable"
    COMPANY_CREDIT = "company_credit"
    """What companies have paid and may use for later orders."""
    REFUNDS_PAYABLE = "refunds_payable"
    """Money that is not ours: to be given back, or held until an operator decides."""
    WRITE_OFF = "write_off"
    """Differences that an operator has accepted."""


class JournalKind(StrEnum):
    """Which event a journal records; each event of a subject is posted once."""

    SALE = "sale"
    PAYMENT = "payment"
    CREDIT_USED = "credit_used"
    HELD_APPLIED = "held_applied"
    CREDIT_NOTE = "credit_note"
    REFUND = "refund"
    COMMISSION = "commission"
    WRITE_OFF = "write_off"


class Journal(Identified, Base):
    """One money event, written in the transaction that makes it true."""

    __tablename__ = "journals"
    __table_args__ = (
        UniqueConstraint("kind", "subject"),
        Index("ix_journals_company_id_at", "company_id", "at"),
        # rows lie in the order of their instants: what a day brought is found, and adding one costs nothing
        Index("ix_journals_at", "at", postgresql_using="brin"),
    )

    kind: Mapped[JournalKind]
    subject: Mapped[UUID]
    """The order, payment, refund or document that it is about."""
    company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id", ondelete="RESTRICT"))
    currency: Mapped[str]
    at: Mapped[datetime]


class Posting(Base):
    """One account's part of a journal."""

    __tablename__ = "postings"
    __table_args__ = (CheckConstraint("amount <> 0", name="moves_something"),)

    journal_id: Mapped[UUID] = mapped_column(ForeignKey("journals.id", ondelete="RESTRICT"), primary_key=True)
    account: Mapped[Account] = mapped_column(primary_key=True)
    amount: Mapped[int] = mapped_column(Kurus)


class CompanyCredit(Base):
    """What a company may still use of what it has paid; the balance of its credit account, kept ready."""

    __tablename__ = "company_credits"
    __table_args__ = (CheckConstraint("balance >= 0", name="is_never_overdrawn"),)

    company_id: Mapped[UUID] = mapped_column(
        ForeignKey("companies.id", ondelete="RESTRICT"), primary_key=True
    )
    currency: Mapped[str] = mapped_column(primary_key=True)
    balance: Mapped[int] = mapped_column(Kurus)


class LedgerProof(Identified, Base):
    """One check of the whole book: when, how much of it, and what did not hold."""

    __tablename__ = "ledger_proofs"

    started_at: Mapped[datetime]
    finished_at: Mapped[datetime]
    postings: Mapped[int]
    rules: Mapped[int]
    """How many rules were checked."""


class LedgerBreak(Identified, Base):
    """A rule that does not hold for one subject, with the rows that show it; open until it holds again."""

    __tablename__ = "ledger_breaks"
    __table_args__ = (
        Index(
            "uq_ledger_breaks_open",
            "rule",
            "subject",
            unique=True,
            postgresql_where=text("mended_at IS NULL"),
        ),
    )

    rule: Mapped[str]
    subject: Mapped[str]
    company_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("companies.id", ondelete="RESTRICT"), index=True
    )
    rows: Mapped[list[Any]] = mapped_column(default=list)
    found_at: Mapped[datetime]
    mended_at: Mapped[datetime | None]
