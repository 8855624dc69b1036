"""Company credit: what a company has paid and may still use, kept beside the ledger as a ready balance."""

from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import CompanyCredit
from app.lib.statements import Statement, Transaction, fetch

BALANCE = select(CompanyCredit.balance).where(
    CompanyCredit.company_id == bindparam("company_id"), CompanyCredit.currency == bindparam("currency")
)
ADD = Statement("""
INSERT INTO company_credits AS held (company_id, currency, balance)
VALUES (:company_id, :currency, :amount)
    ON CONFLICT (company_id, currency) DO UPDATE SET balance = held.balance + excluded.balance
""")


async def add_credit(transaction: Transaction, company_id: UUID, currency: str, amount: int) -> None:
    """Raise a company's credit by `amount` minor units.

    The caller holds the company's subscription and posts to the credit account in the same transaction.
    """
    if amount < 0:
        raise ValueError("credit is taken by paying an order with it")
    if amount:
        await fetch(transaction, ADD, {"company_id": company_id, "currency": currency, "amount": amount})


async def credit_of(session: AsyncSession, company_id: UUID, currency: str) -> int:
    """Return a company's credit in minor units; whoever counts on it holds the subscription."""
    return await session.scalar(BALANCE, {"company_id": company_id, "currency": currency}) or 0
