"""The operator's first page: what waits for a person, what is under way, and whether the sweeps run."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import (
    UNDECIDED,
    CaseKind,
    JobRun,
    OperatorCase,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
)
from app.domain.ops.ledger_page import LedgerState, ledger_state

UNDER_WAY = (RefundStatus.CREATED, RefundStatus.SENT, RefundStatus.UNKNOWN)

# One index probe for each name: the table holds thousands of runs a day.
LATEST_RUNS = text("""
WITH RECURSIVE names AS (
    (SELECT name FROM job_runs ORDER BY name LIMIT 1)
    UNION ALL
    SELECT (SELECT name FROM job_runs WHERE name > names.name ORDER BY name LIMIT 1)
      FROM names WHERE names.name IS NOT NULL
)
SELECT run.*
  FROM names
 CROSS JOIN LATERAL (
       SELECT * FROM job_runs WHERE job_runs.name = names.name ORDER BY started_at DESC LIMIT 1) AS run
 ORDER BY run.name
""")


@dataclass(frozen=True, slots=True)
class OpenCases:
    """The open cases of one kind."""

    kind: CaseKind
    count: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Pending:
    """Payments or refunds of one state and currency that are not decided; `amount` in minor units."""

    status: PaymentStatus | RefundStatus
    currency: str
    count: int
    amount: int
    oldest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """Everything the first page says."""

    cases: list[OpenCases]
    payments: list[Pending]
    refunds: list[Pending]
    runs: list[JobRun]
    ledger: LedgerState


async def console_of(session: AsyncSession) -> Console:
    """Return what waits and what is under way. Five queries, however much there is."""
    return Console(
        cases=await _open_cases(session),
        payments=await _undecided_payments(session),
        refunds=await _refunds_under_way(session),
        runs=list(await session.scalars(select(JobRun).from_statement(LATEST_RUNS))),
        ledger=await ledger_state(session),
    )


async def _open_cases(session: AsyncSession) -> list[OpenCases]:
    oldest = func.min(OperatorCase.opened_at)
    statement = (
        select(OperatorCase.kind, func.count(), oldest)
        .where(OperatorCase.closed_at.is_(None))
        .group_by(OperatorCase.kind)
        .order_by(oldest)
    )
    return [OpenCases(*row) for row in await session.execute(statement)]


async def _undecided_payments(session: AsyncSession) -> list[Pending]:
    statement = (
        select(
            Payment.status,
            Payment.currency,
            func.count(),
            func.sum(Payment.amount),
            func.min(Payment.created_at),
        )
        .where(Payment.status.in_(UNDECIDED))
        .group_by(Payment.status, Payment.currency)
        .order_by(Payment.status, Payment.currency)
    )
    return [Pending(*row) for row in await session.execute(statement)]


async def _refunds_under_way(session: AsyncSession) -> list[Pending]:
    statement = (
        select(
            Refund.status, Refund.currency, func.count(), func.sum(Refund.amount), func.min(Refund.created_at)
        )
        .where(Refund.status.in_(UNDER_WAY))
        .group_by(Refund.status, Refund.currency)
        .order_by(Refund.status, Refund.currency)
    )
    return [Pending(*row) for row in await session.execute(statement)]
