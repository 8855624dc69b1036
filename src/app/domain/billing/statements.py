"""A company's account, drawn from the ledger: what it was charged, what it paid, and what is left between us.

Three ledger accounts are the company's: what it owes, its credit, and money that is to go back to it. Their
sum is its balance, so a statement can say nothing else than the book (ADR 0019).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from app.db.models import (
    Account,
    CardRegistration,
    Invoice,
    InvoiceKind,
    Journal,
    JournalKind,
    Payment,
    Posting,
    Refund,
)
from app.lib.clock import ISTANBUL
from app.lib.days import Days, read_days
from app.lib.i18n import N_, translate
from app.lib.money import TURKISH_LIRA, Money
from app.lib.sheets import Cell

BETWEEN_US = (Account.RECEIVABLE, Account.COMPANY_CREDIT, Account.REFUNDS_PAYABLE)
KINDS = {
    JournalKind.SALE: N_("Invoice"),
    JournalKind.CREDIT_USED: N_("Credit used"),
    JournalKind.PAYMENT: N_("Payment"),
    JournalKind.HELD_APPLIED: N_("Held payment used"),
    JournalKind.CREDIT_NOTE: N_("Credit note"),
    JournalKind.REFUND: N_("Refund"),
    JournalKind.WRITE_OFF: N_("Adjustment"),
}
"""What a company reads of its account, in the order of one instant; a commission is between PayTR and us."""
ORDER = {kind: place for place, kind in enumerate(KINDS)}
COLUMNS = (
    N_("Date"),
    N_("Entry"),
    N_("Number"),
    N_("Currency"),
    N_("Charged"),
    N_("Paid or credited"),
    N_("Credit used"),
    N_("Balance"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line; amounts in minor units, `moved` adds to what the company owes."""

    at: datetime
    kind: JournalKind
    number: str
    moved: int
    credit_used: int
    balance: int

    @property
    def is_document(self) -> bool:
        """Say whether the number is that of a document, which explains itself."""
        return self.kind in {JournalKind.SALE, JournalKind.CREDIT_NOTE}

    @property
    def charged(self) -> int | None:
        return self.moved if self.moved > 0 else None

    @property
    def paid(self) -> int | None:
        return -self.moved if self.moved < 0 else None


@dataclass(frozen=True, slots=True)
class Statement:
    """An account in one currency; a balance below zero is in the company's favour."""

    currency: str
    opening: int
    entries: Sequence[Entry]

    @property
    def closing(self) -> int:
        return self.entries[-1].balance if self.entries else self.opening


def days_of(first: str, last: str, *, at: datetime) -> Days:
    """Return the days that were asked for; this year until today where nothing was (`read_days`)."""
    return read_days(first, last, at=at, otherwise=at.astimezone(ISTANBUL).date().replace(month=1, day=1))


async def statements_of(session: AsyncSession, company_id: UUID, days: Days) -> list[Statement]:
    """Return the company's account in each currency it has used; in lira alone when there is none."""
    openings = await _openings(session, company_id, days)
    entries: dict[str, list[Entry]] = {currency: [] for currency in openings}
    balances = dict(openings)
    for row in await session.execute(_entries(company_id, days)):
        balances[row.currency] = balances.get(row.currency, 0) + row.moved
        line = Entry(row.at, row.kind, row.number or "", row.moved, row.credit_used, balances[row.currency])
        entries.setdefault(row.currency, []).append(line)
    if not entries:
        return [Statement(TURKISH_LIRA, 0, [])]
    return [Statement(one, openings.get(one, 0), entries[one]) for one in sorted(entries)]


def rows_of(statements: Sequence[Statement], days: Days, language: str) -> list[list[Cell]]:
    """Return the lines of an export, each account after its opening balance."""
    return [row for account in statements for row in _rows_of_account(account, days, language)]


def _rows_of_account(account: Statement, days: Days, language: str) -> Iterator[list[Cell]]:
    def money(amount: int | None) -> Money | None:
        return None if amount is None else Money(amount, account.currency)

    opening = translate(language, "Opening balance")
    yield [days.first, opening, None, account.currency, None, None, None, money(account.opening)]
    for entry in account.entries:
        yield [
            entry.at.astimezone(ISTANBUL).date(),
            translate(language, KINDS[entry.kind]),
            entry.number,
            account.currency,
            money(entry.charged),
            money(entry.paid),
            money(entry.credit_used or None),
            money(entry.balance),
        ]


async def _openings(session: AsyncSession, company_id: UUID, days: Days) -> dict[str, int]:
    statement = (
        select(Journal.currency, func.sum(Posting.amount))
        .join(Posting, Posting.journal_id == Journal.id)
        .where(Journal.company_id == company_id, Posting.account.in_(BETWEEN_US), Journal.at < days.start)
        .group_by(Journal.currency)
    )
    return {currency: int(balance) for currency, balance in await session.execute(statement)}


def _entries(company_id: UUID, days: Days) -> Select[*tuple[Any, ...]]:
    number = func.coalesce(
        Invoice.number, Payment.merchant_oid, Refund.reference, CardRegistration.merchant_oid
    )
    credit = func.coalesce(
        func.sum(Posting.amount).filter(
            Journal.kind == JournalKind.CREDIT_USED, Posting.account == Account.COMPANY_CREDIT
        ),
        0,
    )
    return (
        select(
            Journal.at,
            Journal.kind,
            Journal.currency,
            number.label("number"),
            func.sum(Posting.amount).label("moved"),
            credit.label("credit_used"),
        )
        .join(Posting, Posting.journal_id == Journal.id)
        .outerjoin(Invoice, _document())
        .outerjoin(Payment, Payment.id == Journal.subject)
        .outerjoin(Refund, Refund.id == Journal.subject)
        .outerjoin(CardRegistration, CardRegistration.id == Journal.subject)
        .where(
            Journal.company_id == company_id,
            Journal.kind.in_(KINDS),
            Posting.account.in_(BETWEEN_US),
            Journal.at >= days.start,
            Journal.at < days.end,
        )
        .group_by(Journal.id, number)
        .order_by(Journal.at, case(ORDER, value=Journal.kind), Journal.id)
    )


def _document() -> ColumnElement[bool]:
    """Which document a journal is about: a sale's subject is its order, a credit note's the document."""
    of_order = and_(Invoice.order_id == Journal.subject, Invoice.kind == InvoiceKind.INVOICE)
    return or_(of_order, Invoice.id == Journal.subject)
