"""Transactions on the driver's own connection end as the mapper's do."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from app.db.models import EmailMessage
from app.domain.jobs import Job
from app.domain.notifications.messages import Welcome
from app.domain.notifications.service import queue_email
from app.lib.clock import now
from app.lib.settings import Settings
from app.lib.statements import Statement, Transaction, fetch
from app.lib.uow import DEFERRED, ENQUEUE, Deferred, driver_unit_of_work, unit_of_work

SLEEP = Statement("SELECT pg_sleep(:seconds)")
PAIR = Statement("SELECT CAST(:left AS int) AS left, CAST(:right AS int) + CAST(:left AS int) AS sum")

WELCOME = Welcome(
    full_name="A",
    company_name="B",
    plan_name="Team",
    workspace_limit=20,
    trial_ends_at=now(),
    link=None,
    expires_at=None,
    dashboard_url="http://127.0.0.1/dashboard",
)

Sessions = async_sessionmaker[AsyncSession]


async def queue(transaction: Transaction, occasion: str) -> None:
    await queue_email(
        transaction,
        occasion=occasion,
        message=WELCOME,
        recipient="a@example.com",
        language="tr",
        company_id=None,
        at=now(),
    )


async def mails(session_maker: Sessions) -> int:
    async with session_maker() as session:
        return await session.scalar(select(func.count()).select_from(EmailMessage)) or 0


async def test_a_statement_reads_the_same_in_both_kinds_of_transaction(session_maker: Sessions) -> None:
    parameters = {"left": 1, "right": 2, "unused": 3}
    async with driver_unit_of_work(session_maker) as driver, unit_of_work(session_maker) as session:
        rows = [(await fetch(kind, PAIR, parameters))[0] for kind in (driver, session)]
    assert [(row.left, row.sum) for row in rows] == [(1, 3), (1, 3)]
    assert not hasattr(rows[0], "missing")


async def test_jobs_leave_after_the_commit_and_only_then(session_maker: Sessions) -> None:
    handed: list[Deferred] = []

    async def enqueue(deferred: Sequence[Deferred]) -> None:
        assert await mails(session_maker) == 1, "the commit comes first"
        handed.extend(deferred)

    watched = async_sessionmaker(session_maker.kw["bind"], info={ENQUEUE: enqueue})
    async with driver_unit_of_work(watched) as transaction:
        await queue(transaction, "welcome:1")
        await queue(transaction, "welcome:1")
        assert not handed
    assert [item.job for item in handed] == [Job.SEND_EMAIL]


async def test_an_error_leaves_no_row_and_no_job(session_maker: Sessions) -> None:
    async def fail() -> None:
        async with driver_unit_of_work(session_maker) as transaction:
            await queue(transaction, "welcome:1")
            assert transaction.info[DEFERRED]
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await mails(session_maker) == 0


async def test_a_cancelled_one_gives_back_a_connection_that_is_clean(session_maker: Sessions) -> None:
    async def hang() -> None:
        async with driver_unit_of_work(session_maker) as transaction:
            await queue(transaction, "welcome:1")
            await fetch(transaction, SLEEP, {"seconds": 30.0})

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(hang(), 0.3)
    assert await mails(session_maker) == 0
    async with unit_of_work(session_maker) as session:
        await queue(session, "welcome:1")
    assert await mails(session_maker) == 1


async def test_it_runs_on_a_pool_that_declares_nothing_as_well(settings: Settings) -> None:
    plain = create_async_engine(settings.database_url)
    async with driver_unit_of_work(async_sessionmaker(plain)) as transaction:
        assert (await fetch(transaction, PAIR, {"left": 1, "right": 1}))[0].sum == 2
    await plain.dispose()


async def test_a_refused_statement_is_an_error_and_not_a_poisoned_pool(session_maker: Sessions) -> None:
    for _ in range(6):  # more often than the pool has connections
        with pytest.raises(Exception, match="division"):
            async with driver_unit_of_work(session_maker) as transaction:
                await fetch(transaction, Statement("SELECT 1 / CAST(:zero AS int)"), {"zero": 0})
    with pytest.raises(DBAPIError, match="division"):
        async with unit_of_work(session_maker) as session:
            await fetch(session, Statement("SELECT 1 / CAST(:zero AS int)"), {"zero": 0})
    assert await mails(session_maker) == 0
