"""Whose time it is: which rows a sweep may find, and what time it is for a company on a test clock.

A session works for everybody in real time, or, in an advance, for one company alone; the session says which.
So a finder names its company column once, and no worker in real time touches a company that lives on a clock.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import InstrumentedAttribute

from app.db.models import TestClock
from app.lib.uow import ENQUEUE, Enqueue

ALONE = "company_alone"
ON_CLOCKS = select(TestClock.company_id)


def sessions_for(
    session_maker: async_sessionmaker[AsyncSession], company_id: UUID, enqueue: Enqueue | None
) -> async_sessionmaker[AsyncSession]:
    """Return sessions whose finders find one company's rows alone, with a hand-over of their own."""
    info = {**(session_maker.kw.get("info") or {}), ALONE: company_id, ENQUEUE: enqueue}
    return async_sessionmaker(**{**session_maker.kw, "info": info})


def lives_here(
    session: AsyncSession, company_id: InstrumentedAttribute[UUID] | InstrumentedAttribute[UUID | None]
) -> ColumnElement[bool]:
    """Return the condition that a row's company lives in the time this session works in.

    A hashed subplan on a table of few rows, not a join: the plan of a finder stays as it is without it.
    Rows of no company live in real time.
    """
    alone: UUID | None = session.info.get(ALONE)
    if alone is not None:
        return company_id == alone
    return company_id.in_(ON_CLOCKS).is_not(True)


async def time_of(session: AsyncSession, company_id: UUID, at: datetime) -> datetime:
    """Return where a company's clock stands, or `at` when it has none."""
    return await session.scalar(select(TestClock.at).where(TestClock.company_id == company_id)) or at


async def time_of_row(session: AsyncSession, table: Any, row_id: UUID, at: datetime) -> datetime:
    """Return where the clock of a row's company stands, or `at` when it has none."""
    statement = (
        select(TestClock.at).join(table, table.company_id == TestClock.company_id).where(table.id == row_id)
    )
    return await session.scalar(statement) or at
