"""Reading the book for operators: what stands on each account, when it was proven, and what does not hold."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Account, Company, Journal, LedgerBreak, LedgerProof, Posting
from app.domain.ledger.rules import BY_KEY, PARKING
from app.lib.i18n import N_

MENDED_SHOWN = 10
BREAKS_SHOWN = 100
LATE_AFTER = timedelta(minutes=15)
"""Three proofs missed: the worker does not run, or none of them came to its end."""
RETIRED = N_("A rule of an earlier version.")


@dataclass(frozen=True, slots=True)
class LedgerState:
    """What the first page says of the book."""

    proof: LedgerProof | None
    broken: int

    def is_late(self, at: datetime) -> bool:
        """Say whether the newest proof is older than it may be."""
        return self.proof is not None and self.proof.started_at < at - LATE_AFTER


@dataclass(frozen=True, slots=True)
class BreakRow:
    """A break with the sentence that does not hold (a message id) and the company it is about."""

    found: LedgerBreak
    company: Company | None

    @property
    def sentence(self) -> str:
        """The rule as a sentence."""
        rule = BY_KEY.get(self.found.rule)
        return rule.sentence if rule else RETIRED

    @property
    def stops_charges(self) -> bool:
        """Say whether the company is not charged by itself meanwhile."""
        return self.company is not None and self.found.rule in PARKING


@dataclass(frozen=True, slots=True)
class Balance:
    """What stands on one account, in minor units: a debit above zero, a credit below."""

    account: Account
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPage:
    """Everything the page says."""

    state: LedgerState
    breaks: list[BreakRow]
    mended: list[BreakRow]
    balances: dict[str, list[Balance]]
    """By currency, every account in the order of `Account`."""


async def ledger_state(session: AsyncSession) -> LedgerState:
    """Return the newest proof and how many breaks are open."""
    count = select(func.count()).select_from(LedgerBreak).where(LedgerBreak.mended_at.is_(None))
    newest = select(LedgerProof, count.scalar_subquery()).order_by(LedgerProof.id.desc()).limit(1)
    found = (await session.execute(newest)).first()
    return LedgerState(*found) if found else LedgerState(None, 0)


async def ledger_page(session: AsyncSession) -> LedgerPage:
    """Return the page of the book."""
    rows = select(LedgerBreak, Company).outerjoin(Company, Company.id == LedgerBreak.company_id)
    is_open = LedgerBreak.mended_at.is_(None)
    oldest = rows.where(is_open).order_by(LedgerBreak.found_at, LedgerBreak.id).limit(BREAKS_SHOWN)
    mended = rows.where(~is_open).order_by(LedgerBreak.mended_at.desc()).limit(MENDED_SHOWN)
    return LedgerPage(
        state=await ledger_state(session),
        breaks=[BreakRow(*row) for row in await session.execute(oldest)],
        mended=[BreakRow(*row) for row in await session.execute(mended)],
        balances=await _balances(session),
    )


async def _balances(session: AsyncSession) -> dict[str, list[Balance]]:
    statement = (
        select(Journal.currency, Posting.account, func.sum(Posting.amount))
        .join(Journal, Journal.id == Posting.journal_id)
        .group_by(Journal.currency, Posting.account)
    )
    sums = {
        (currency, account): int(amount) for currency, account, amount in await session.execute(statement)
    }
    currencies = sorted({currency for currency, _ in sums})
    return {
        currency: [Balance(account, sums.get((currency, account), 0)) for account in Account]
        for currency in currencies
    }
