"""The e-mails we send: one class each, whose fields are all that its template may say.

`context()` is what the outbox keeps: JSON of plain words, whole numbers and ISO instants. Money stays
minor units and instants stay UTC until a language writes them (`rendering`).
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import ClassVar

JsonValue = str | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An e-mail to a person; `template` is its folder under `templates/email`."""

    template: ClassVar[str]

    full_name: str

    def context(self) -> dict[str, JsonValue]:
        """Return the fields as JSON values."""
        return {field.name: as_json(getattr(self, field.name)) for field in fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome(Message):
    """A company has registered; its trial runs, or there is none and a plan is to be paid first."""

    template: ClassVar[str] = "welcome"

    company_name: str
    plan_name: str
    workspace_limit: int | None
    """How many workspaces the plan allows; None is unlimited."""
    trial_ends_at: datetime | None
    """None when the address has had its trial before."""
    dashboard_url: str


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
    """PayTR has given money back; the bank shows it some days later."""

    template: ClassVar[str] = "refund_sent"

    company_name: str
    amount: int
    currency: str
    paid_at: datetime
    payment_reference: str
    refund_reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditNoteIssued(Message):
    """An invoice is taken back, in part or whole; the credit note's PDF is attached."""

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
    """No money goes back: the company may use it for what it owes next."""
    billing_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEnds(Message):
    """A trial ends in some days: nothing is charged then, or what was agreed to is."""

    template: ClassVar[str] = "trial_ends"

    company_name: str
    plan_name: str
    trial_ends_at: datetime
    days_left: int
    """Midnights in Türkiye: 0 is today."""
    total: int | None
    """What is charged when it ends, if the company agreed to that."""
    currency: str | None
    card: str | None
    """The last four digits of the card that is charged."""
    billing_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEnded(Message):
    """A trial is over and nothing was paid: workspaces are stopped, files are kept for a while."""

    template: ClassVar[str] = "trial_ended"

    company_name: str
    plan_name: str
    was_to_be_charged: bool
    """The company agreed to a charge, and it could not be made."""
    data_kept_until: datetime
    billing_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalNotice(Message):
    """A paid period ends in some days and the next one will be charged, or is to be paid."""

    template: ClassVar[str] = "renewal_notice"

    company_name: str
    plan_name: str
    """Of the period to come."""
    plan_before: str | None
    """Of the running period, when another plan was chosen for the next one."""
    interval: str
    """`month` or `year`, of the period to come."""
    renews_at: datetime
    total: int
    credit: int
    """What the company's credit pays of it."""
    due: int
    currency: str
    card: str | None
    """The last four digits of the card that is charged; without one it is paid by hand."""
    billing_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionNear(Message):
    """Files of a company without a plan will be deleted soon."""

    template: ClassVar[str] = "deletion_near"

    company_name: str
    workspace_count: int
    data_kept_until: datetime
    days_left: int
    billing_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpaidRenewal(Message):
    """What every letter about an unpaid renewal says; `due_at` is when the letter's stage comes."""

    company_name: str
    plan_name: str
    total: int
    currency: str
    due_at: datetime
    pay_url: str
    """Needs no login."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalDue(UnpaidRenewal):
    """A period has ended and there is no card to charge for the next one; it is to be paid by hand."""

    template: ClassVar[str] = "renewal_due"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspensionNear(UnpaidRenewal):
    """Workspaces stop tomorrow unless the renewal is paid."""

    template: ClassVar[str] = "suspension_near"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionSuspended(UnpaidRenewal):
    """Workspaces are stopped; `due_at` is when the subscription ends."""

    template: ClassVar[str] = "subscription_suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationNear(UnpaidRenewal):
    """The subscription ends tomorrow unless the renewal is paid."""

    template: ClassVar[str] = "cancellation_near"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionCanceled(Message):
    """The subscription has ended: as it was wished, or because nobody paid."""

    template: ClassVar[str] = "subscription_canceled"

    company_name: str
    plan_name: str
    is_unpaid: bool
    kept_until: datetime
    billing_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationNoted(Message):
    """The subscription will end with its paid period, as somebody of the company wished."""

    template: ClassVar[str] = "cancellation_noted"

    company_name: str
    plan_name: str
    ends_at: datetime
    kept_until: datetime
    billing_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationUndone(Message):
    """The subscription goes on after all."""

    template: ClassVar[str] = "cancellation_undone"

    company_name: str
    plan_name: str
    renews_at: datetime
    billing_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionEndedNow(Message):
    """The subscription was ended at once, and what goes back for what was not used."""

    template: ClassVar[str] = "subscription_ended_now"

    company_name: str
    plan_name: str
    refunded: int
    """Goes back to the card."""
    credited: int
    """Stays as credit."""
    currency: str
    kept_until: datetime
    billing_url: str


MESSAGES: tuple[type[Message], ...] = (
    Welcome,
    PaymentReceipt,
    PaymentFailed,
    RefundSent,
    CreditNoteIssued,
    TrialEnds,
    TrialEnded,
    RenewalNotice,
    DeletionNear,
    RenewalDue,
    SuspensionNear,
    SubscriptionSuspended,
    CancellationNear,
    SubscriptionCanceled,
    CancellationNoted,
    CancellationUndone,
    SubscriptionEndedNow,
)


def as_json(value: str | int | datetime | None) -> JsonValue:
    """Return a field as JSON takes it; an instant becomes ISO text with its offset."""
    return value.isoformat() if isinstance(value, datetime) else value
