"""E-mails about money that came, did not come, or went back."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from app.domain.notifications.messages.base import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReceipt(Message):
    """Money has arrived and the invoice is issued; its PDF is attached."""

    template: ClassVar[str] = "payment_receipt"

    company_name: str
    plan_name: str
    invoice_number: str
    net: int
    vat: int
    total: int
    currency: str
    paid_at: datetime
    period_start: datetime
    period_end: datetime
    payment_reference: str
    billing_url: str
    contract_url: str | None = None
    """Where the contract that was accepted for this order can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFailed(Message):
    """A payment did not go through; nothing was charged."""

    template: ClassVar[str] = "payment_failed"

    company_name: str
    plan_name: str
    total: int
    currency: str
    reason: str
    """A message id, as in the table of PayTR's decline reasons."""
    retry_url: str
    """Of a renewal: its payment link, which needs no login."""
    next_attempt_at: datetime | None = None
    """When the stored card is asked again without anybody doing anything, if it is."""
    suspends_at: datetime | None = None
    """Of a renewal whose workspaces still run: when they stop unless it is paid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSent(Message):
    """PayTR has given money back; the bank shows it some days later. The credit note is attached, if any."""

    template: ClassVar[str] = "refund_sent"

    company_name: str
    amount: int
    currency: str
    paid_at: datetime
    payment_reference: str
    refund_reference: str
    credit_note_number: str | None = None
    """None of money that bought nothing: there is no invoice to take back."""
    invoice_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditNoteIssued(Message):
    """An invoice is taken back, in part or whole; the credit note's PDF is attached.

    Of money that goes back just now `RefundSent` tells, with the note attached.
    """

    template: ClassVar[str] = "credit_note"

    company_name: str
    number: str
    invoice_number: str
    reason: str
    """In the document's language, as printed on it."""
    net: int
    vat: int
    total: int
    currency: str
    issued_at: datetime
    is_kept_as_credit: bool
    """No money went back: the company may use it for what it owes next."""
    billing_url: str
