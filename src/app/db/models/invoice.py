"""An invoice: issued, numbered and frozen in the transaction that records the money."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base import Base, CompanyOwned, Identified, Kurus


class InvoiceStatus(StrEnum):
    """Born issued; what corrects it is a credit note."""

    ISSUED = "issued"
    CREDITED = "credited"


class InvoiceKind(StrEnum):
    """Which fiscal document it is; each kind has a series of its own."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class InvoiceCounter(Base):
    """The last number drawn of one series in one year. Its row lock keeps the series gapless."""

    __tablename__ = "invoice_counters"
    __table_args__ = (CheckConstraint("last_number >= 0", name="counts_up"),)

    series: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last_number: Mapped[int]
    last_issued_at: Mapped[datetime]
    """Dates follow numbers: no invoice is dated before the one with the number below."""


class Invoice(Identified, CompanyOwned, Base):
    """A fiscal document. A trigger keeps everything but `pdf_*`, `status` and `credited` as it was issued."""

    __tablename__ = "invoices"
    __table_args__ = (
        UniqueConstraint("series", "year", "sequence"),
        CheckConstraint("number ~ '^[A-Z0-9]{3}20[0-9]{2}[0-9]{9}$'", name="number_has_gib_form"),
        CheckConstraint("net >= 0 AND vat >= 0 AND total = net + vat", name="total_is_net_and_vat"),
        CheckConstraint("status IN ('issued', 'credited')", name="status_is_known"),
        CheckConstraint("kind IN ('invoice', 'credit_note')", name="kind_is_known"),
        CheckConstraint(
            "(kind = 'credit_note') = (corrects_id IS NOT NULL)", name="credit_note_names_its_invoice"
        ),
        CheckConstraint("credited >= 0 AND credited <= total", name="credited_within_its_total"),
        CheckConstraint("(status = 'credited') <= (credited = total)", name="credited_in_full"),
        Index("uq_invoices_order_id", "order_id", unique=True, postgresql_where=text("kind = 'invoice'")),
        Index("ix_invoices_issued_at", "issued_at", postgresql_using="brin"),
        Index("ix_invoices_due_pdf", "issued_at", postgresql_where=text("pdf_rendered_at IS NULL")),
    )

    number: Mapped[str] = mapped_column(unique=True)
    series: Mapped[str]
    year: Mapped[int]
    sequence: Mapped[int]
    status: Mapped[InvoiceStatus] = mapped_column(default=InvoiceStatus.ISSUED)
    kind: Mapped[InvoiceKind] = mapped_column(default=InvoiceKind.INVOICE)
    corrects_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("invoices.id", ondelete="RESTRICT"), index=True
    )
    """Of a credit note: the invoice that it takes back, in part or whole."""
    refund_id: Mapped[UUID | None] = mapped_column(ForeignKey("refunds.id", ondelete="RESTRICT"), unique=True)
    """Of a credit note: the money that went back with it; empty when the company was given credit."""
    reason: Mapped[str | None]
    """Of a credit note: why, as printed on it."""
    credited: Mapped[int] = mapped_column(Kurus, default=0)
    """Of an invoice: what its credit notes take back; raised under its row's lock."""
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"))
    payment_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("payments.id", ondelete="RESTRICT"), unique=True
    )
    seller: Mapped[dict[str, Any]]
    buyer: Mapped[dict[str, Any]]
    language: Mapped[str]
    currency: Mapped[str]
    net: Mapped[int] = mapped_column(Kurus)
    vat: Mapped[int] = mapped_column(Kurus)
    total: Mapped[int] = mapped_column(Kurus)
    issued_at: Mapped[datetime]
    issue_date: Mapped[date] = mapped_column(Date)
    """The calendar day in Türkiye; the year of the series follows it."""
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]
    payment_reference: Mapped[str | None]
    pdf_key: Mapped[str | None]
    pdf_sha256: Mapped[str | None]
    pdf_rendered_at: Mapped[datetime | None]
    """Due column: while empty, the sweeper renders."""

    lines: Mapped[list["InvoiceLine"]] = relationship(lazy="raise", order_by="InvoiceLine.position")
    corrects: Mapped["Invoice | None"] = relationship(lazy="raise", remote_side="Invoice.id")


class InvoiceLine(Identified, Base):
    """One line; its amounts add up to the invoice's."""

    __tablename__ = "invoice_lines"
    __table_args__ = (
        UniqueConstraint("invoice_id", "position"),
        CheckConstraint("net >= 0 AND vat >= 0 AND total = net + vat", name="total_is_net_and_vat"),
    )

    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.id", ondelete="RESTRICT"))
    position: Mapped[int]
    description: Mapped[str]
    quantity: Mapped[int]
    unit_price: Mapped[int] = mapped_column(Kurus)
    net: Mapped[int] = mapped_column(Kurus)
    vat: Mapped[int] = mapped_column(Kurus)
    vat_basis_points: Mapped[int]
    total: Mapped[int] = mapped_column(Kurus)
