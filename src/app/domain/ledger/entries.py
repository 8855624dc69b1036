"""What each money event posts: pure functions from amounts in minor units to balanced entries.

A debit is positive, a credit negative; an amount of zero is left out. Each event of a subject is posted
once, in the transaction that makes it true (billing-rules.md §4.4).
"""

from dataclasses import dataclass
from uuid import UUID

from app.db.models import Account, JournalKind


@dataclass(frozen=True, slots=True)
class Entry:
    """One journal: the event, what it is about, and how much each account moves."""

    kind: JournalKind
    subject: UUID
    postings: dict[Account, int]

    def __post_init__(self) -> None:
        if sum(self.postings.values()) != 0:
            raise ValueError(f"{self.kind} {self.subject} does not sum to zero")


def sale(order_id: UUID, *, net: int, vat: int) -> Entry:
    """Post an invoice: the company owes what it says."""
    return entry(
        JournalKind.SALE,
        order_id,
        {Account.RECEIVABLE: net + vat, Account.REVENUE: -net, Account.VAT_PAYABLE: -vat},
    )


def payment(payment_id: UUID, *, owed: int, collected: int) -> Entry:
    """Post money that pays an order; a surcharge of instalments lessens PayTR's commission."""
    return entry(
        JournalKind.PAYMENT,
        payment_id,
        {
            Account.PAYTR_CLEARING: collected,
            Account.RECEIVABLE: -owed,
            Account.COMMISSION: owed - collected,
        },
    )


def held_payment(payment_id: UUID, *, collected: int) -> Entry:
    """Post money that pays nothing: it is owed back until somebody decides."""
    return entry(
        JournalKind.PAYMENT,
        payment_id,
        {Account.PAYTR_CLEARING: collected, Account.REFUNDS_PAYABLE: -collected},
    )


def held_applied(payment_id: UUID, *, owed: int, collected: int) -> Entry:
    """Post held money that pays its order after all."""
    return entry(
        JournalKind.HELD_APPLIED,
        payment_id,
        {
            Account.REFUNDS_PAYABLE: collected,
            Account.RECEIVABLE: -owed,
            Account.COMMISSION: owed - collected,
        },
    )


def credit_used(order_id: UUID, *, amount: int) -> Entry:
    """Post company credit that pays a part or the whole of an order."""
    return entry(
        JournalKind.CREDIT_USED, order_id, {Account.COMPANY_CREDIT: amount, Account.RECEIVABLE: -amount}
    )


def credit_note(document_id: UUID, *, net: int, vat: int, to: Account) -> Entry:
    """Post a credit note: the sale is taken back and the company is owed money or has credit (`to`)."""
    return entry(
        JournalKind.CREDIT_NOTE,
        document_id,
        {Account.REVENUE: net, Account.VAT_PAYABLE: vat, to: -(net + vat)},
    )


def refund(refund_id: UUID, *, payable: int, returned: int) -> Entry:
    """Post money that PayTR gave back; above what was owed goes the surcharge that PayTR had kept."""
    return entry(
        JournalKind.REFUND,
        refund_id,
        {
            Account.REFUNDS_PAYABLE: payable,
            Account.COMMISSION: returned - payable,
            Account.PAYTR_CLEARING: -returned,
        },
    )


def commission(payment_id: UUID, *, amount: int) -> Entry:
    """Post what PayTR keeps of a payment."""
    return entry(
        JournalKind.COMMISSION, payment_id, {Account.COMMISSION: amount, Account.PAYTR_CLEARING: -amount}
    )


def write_off(difference_id: UUID, *, amount: int) -> Entry:
    """Post a difference that a person accepted: what PayTR owes changes by `amount`."""
    return entry(
        JournalKind.WRITE_OFF, difference_id, {Account.PAYTR_CLEARING: amount, Account.WRITE_OFF: -amount}
    )


def entry(kind: JournalKind, subject: UUID, postings: dict[Account, int]) -> Entry:
    """Return an entry without the accounts that do not move."""
    return Entry(kind, subject, {account: amount for account, amount in postings.items() if amount})
