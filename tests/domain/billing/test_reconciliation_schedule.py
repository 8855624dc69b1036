"""When days are compared: each once, none left out, nothing while another worker does it."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import CaseKind, ReconciliationRun
from app.domain.billing.reconciliation.service import RunUnderWay, due_days, reconcile_day
from app.lib.errors import InvalidInput
from app.lib.settings import Settings
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from app.tasks.reconciliation import compare_due_days
from tests.domain.billing.books import (
    FRIDAY,
    SATURDAY,
    Shop,
    cases,
    compared,
    istanbul,
)

Maker = async_sessionmaker[AsyncSession]
NEXT_MORNING = istanbul("2026-11-21 05:30")


@pytest.fixture
def shop(session_maker: Maker, settings: Settings) -> Shop:
    return Shop(session_maker, settings)


async def test_paytr_out_of_reach_leaves_a_failed_run_that_is_tried_again(shop: Shop) -> None:
    await shop.sell("2026-11-20 10:00")
    shop.gateway.unreachable = True
    run = await compared(shop)
    assert run.error is not None
    assert await cases(shop) == []
    async with shop.session_maker() as session:
        assert await due_days(session, at=NEXT_MORNING + timedelta(minutes=4)) == []
        assert await due_days(session, at=NEXT_MORNING + timedelta(minutes=5)) == [FRIDAY]
    shop.gateway.unreachable = False
    good = await compared(shop, at="2026-11-21 05:40")
    assert good.error is None
    async with shop.session_maker() as session:
        assert await due_days(session, at=NEXT_MORNING + timedelta(hours=6)) == []


@pytest.mark.parametrize("error", ["GatewayUnreachable: no answer", None], ids=["no reports", "cut off"])
async def test_a_day_that_stays_without_reports_becomes_one_case_which_closes_when_they_come(
    shop: Shop, error: str | None
) -> None:
    await shop.sell("2026-11-20 10:00")
    hours = [timedelta(hours=number) for number in range(4)]
    async with unit_of_work(shop.session_maker) as session:
        for after in hours:
            ended_at = NEXT_MORNING + after if error else None
            session.add(
                ReconciliationRun(
                    day=FRIDAY, started_at=NEXT_MORNING + after, finished_at=ended_at, error=error
                )
            )
    shop.gateway.unreachable = True
    for at in ("2026-11-21 12:00", "2026-11-21 18:00"):
        await compared(shop, at=at)
        (case,) = await cases(shop)
        assert (case.kind, case.subject, case.closed_at) == (CaseKind.REPORTS_MISSING, "2026-11-20", None)
    assert case.facts == ({"answer": error} if error else {})
    shop.gateway.unreachable = False
    await compared(shop, at="2026-11-22 00:00")
    (case,) = await cases(shop)
    assert (case.decision, case.decided_by_id) == ("settled", None)


async def test_a_few_tries_without_reports_bother_nobody(shop: Shop) -> None:
    await shop.sell("2026-11-20 10:00")
    shop.gateway.unreachable = True
    for at in ("05:30", "05:35", "05:50", "06:50"):
        await compared(shop, at=f"2026-11-21 {at}")
    assert await cases(shop) == []
    await compared(shop, at="2026-11-21 12:50")
    assert len(await cases(shop)) == 1


async def test_a_run_that_was_cut_off_is_made_again(shop: Shop) -> None:
    await shop.sell("2026-11-20 10:00")
    async with unit_of_work(shop.session_maker) as session:
        session.add(ReconciliationRun(day=FRIDAY, started_at=NEXT_MORNING))
    async with shop.session_maker() as session:
        assert await due_days(session, at=NEXT_MORNING + timedelta(minutes=14)) == []
        assert await due_days(session, at=NEXT_MORNING + timedelta(minutes=15)) == [FRIDAY]
    with pytest.raises(RunUnderWay):
        await compared(shop, at="2026-11-21 05:44")
    assert (await compared(shop, at="2026-11-21 05:46")).error is None


async def test_days_that_were_missed_are_caught_up_oldest_first_and_a_few_at_a_time(shop: Shop) -> None:
    await shop.sell("2026-11-10 10:00")
    at = istanbul("2026-11-22 06:00")
    async with shop.session_maker() as session:
        days = await due_days(session, at=at)
    assert days == [date(2026, 11, day) for day in range(10, 17)]


async def test_before_five_in_the_morning_yesterday_is_left_alone(shop: Shop) -> None:
    await shop.sell("2026-11-20 10:00")
    async with shop.session_maker() as session:
        assert await due_days(session, at=istanbul("2026-11-21 04:59")) == []
        assert await due_days(session, at=istanbul("2026-11-21 05:00")) == [FRIDAY]


async def test_the_sweep_makes_the_days_up_and_then_rests(shop: Shop, resources: Resources) -> None:
    await shop.sell("2026-11-18 10:00")
    shop.at = istanbul("2026-11-21 06:00")
    worker = replace(resources, gateway=shop.gateway)
    first = await compare_due_days(worker, shop.at)
    again = await compare_due_days(worker, shop.at)
    assert (first.found, first.done, first.failed) == (3, 3, 0)
    assert again.found == 0
    async with shop.session_maker() as session:
        runs = list(await session.scalars(select(ReconciliationRun).order_by(ReconciliationRun.day)))
    assert [run.day for run in runs] == [date(2026, 11, day) for day in (18, 19, 20)]
    assert [run.difference_count for run in runs] == [0, 0, 0]


async def test_two_workers_at_once_make_one_run(shop: Shop) -> None:
    await shop.sell("2026-11-20 10:00")
    shop.at = NEXT_MORNING
    runs = await asyncio.gather(
        *(
            reconcile_day(shop.session_maker, shop.gateway, FRIDAY, at=NEXT_MORNING, only_if_due=True)
            for _ in range(5)
        )
    )
    assert sum(run is not None for run in runs) == 1
    async with shop.session_maker() as session:
        assert await session.scalar(select(func.count()).select_from(ReconciliationRun)) == 1


async def test_a_day_with_differences_is_looked_at_again_a_day_later_and_closes_its_case(shop: Shop) -> None:
    await shop.sell("2026-11-20 10:00")
    late = await shop.sell("2026-11-20 11:00")
    await shop.forget(late)
    assert (await compared(shop)).difference_count == 1
    await shop.change(
        late.id, status="succeeded", collected=297_000, succeeded_at=istanbul("2026-11-20 11:00")
    )
    async with shop.session_maker() as session:
        assert await due_days(session, at=istanbul("2026-11-21 12:00")) == []
        assert await due_days(session, at=istanbul("2026-11-22 05:00")) == [FRIDAY, SATURDAY]
    assert (await compared(shop, at="2026-11-22 05:00")).difference_count == 0
    (case,) = await cases(shop)
    assert case.closed_at is not None
    assert case.decided_by_id is None


async def test_a_day_that_is_not_over_is_refused(shop: Shop) -> None:
    with pytest.raises(InvalidInput):
        await compared(shop, SATURDAY, at="2026-11-21 23:59")
