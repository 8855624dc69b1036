"""What grows with every sale is read through an index made for the question."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.domain.billing.reconciliation.book import (
    earliest_start,
    entries_between,
    first_day_of_money,
)
from app.domain.ops.console import console_of
from app.domain.ops.payment_files import PaymentFilter, list_payments, trail_of
from app.lib.ids import uuid7

DAY = date(2026, 11, 20)
Question = Callable[[AsyncSession], Awaitable[Any]]
QUESTIONS: dict[str, tuple[Question, set[str]]] = {
    "the console": (console_of, {"ix_payments_undecided", "ix_refunds_under_way", "ix_operator_cases_open"}),
    "payments that are undecided": (
        lambda session: list_payments(session, PaymentFilter(only_undecided=True)),
        {"ix_payments_undecided"},
    ),
    "what was done to a payment": (
        lambda session: trail_of(session, uuid7(), {uuid7()}),
        {"ix_audit_entries_company_id_at"},
    ),
    "what was done about an unknown order": (
        lambda session: trail_of(session, None, {uuid7()}),
        {"ix_audit_entries_subject"},
    ),
    "the first day of money": (first_day_of_money, {"ix_payments_succeeded_at"}),
    "when a day's money was begun": (
        lambda session: earliest_start(session, DAY),
        {"ix_payments_succeeded_at", "ix_refunds_succeeded_at"},
    ),
    "a day's money": (
        lambda session: entries_between(session, DAY, DAY, oids=["TZG1"]),
        {"ix_payments_succeeded_at", "ix_refunds_succeeded_at"},
    ),
}


async def plans_of(engine: AsyncEngine, question: Question) -> str:
    """Return the plans of what a question asks, were the tables too large to read whole."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    async with AsyncSession(engine) as session:
        event.listen(engine.sync_engine, "before_cursor_execute", note)
        try:
            await question(session)
        finally:
            event.remove(engine.sync_engine, "before_cursor_execute", note)
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        connection = await session.connection()
        plans = [
            await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            for statement, parameters in asked
        ]
        return "\n".join(line for plan in plans for (line,) in plan)


@pytest.mark.parametrize("name", QUESTIONS)
async def test_what_is_asked_every_day_has_its_index(engine: AsyncEngine, name: str) -> None:
    question, indexes = QUESTIONS[name]
    plans = await plans_of(engine, question)
    assert {index for index in indexes if index not in plans} == set(), plans
