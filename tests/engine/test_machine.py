"""Any sequence of customers, operators, PayTR's answers and time: every rule holds after every step.

`make engine STEPS=10000 SEED=7` goes on for so many steps; here it is a few, always the same.
"""

import asyncio
import os
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from app.db.base import Base
from app.domain.payments.paytr.fake import InMemoryGateway
from app.server.database import build_engine
from app.tasks.context import Resources
from tests.conftest import KEPT, empty
from tests.engine.dealings import ANSWERS, Dealings
from tests.engine.truths import (
    Fingerprints,
    assert_access_is_paid_for,
    assert_book_holds,
    assert_books_are_equal,
    fingerprints,
)
from tests.engine.world import World
from tests.factories import make_customer, make_operator
from tests.scenarios.cashier import Cashier

STEPS = int(os.environ.get("TEZGAH_ENGINE_STEPS", "60"))
SEED = int(os.environ.get("TEZGAH_ENGINE_SEED", "7"))
STEPS_AN_EXAMPLE = 50 if STEPS > 100 else 20
"""Fewer where steps are few: the first example of a run is its simplest."""
EPOCH = datetime(2027, 1, 31, 9, 0, tzinfo=UTC)
TABLES = [table.name for table in Base.metadata.sorted_tables if table.name not in KEPT]

WHO = st.integers(0, 1)
PLANS = st.sampled_from(["starter", "team", "enterprise"])
INTERVALS = st.sampled_from(["month", "month", "year"])
ENDS = st.sampled_from(["paid", "paid", "lost", "declined", "left"])
INDEX = st.integers(0, 5)
WORKERS = st.sampled_from([1, 1, 2])
HOURS = st.sampled_from([1, 7, 26, 80, 24 * 7, 24 * 15, 24 * 31, 24 * 45])
TAX_NUMBERS = st.sampled_from(["3900383669", "10000000146", "1460415308", "3900383668"])


class Stage:
    """A loop, a database and a PayTR that every example begins anew on."""

    def __init__(self, process: Resources) -> None:
        self.loop = asyncio.Runner()
        self.engine: AsyncEngine = build_engine(process.settings)
        self.resources = replace(
            process,
            engine=self.engine,
            session_maker=async_sessionmaker(self.engine, expire_on_commit=False),
            gateway=InMemoryGateway(),
            rows_at_once=2,
            keeps_runs=False,
        )
        self.steps = 0

    def close(self) -> None:
        self.loop.run(self.engine.dispose())
        self.loop.close()


class Engine(RuleBasedStateMachine):
    """Two companies that live beside each other; after each step everything holds."""

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.is_whole = True
        self.stage.loop.run(self._begin())

    @rule(who=WHO, plan=PLANS, interval=INTERVALS, ends=ENDS)
    def buy(self, who: int, plan: str, interval: str, ends: str) -> None:
        self._step(who, self.all[who].buy(plan, interval, ends))

    @rule(who=WHO, index=INDEX, ends=ENDS)
    def pay_by_link(self, who: int, index: int, ends: str) -> None:
        self._step(who, self.all[who].pay_by_link(index, ends))

    @rule(who=WHO, answer=st.sampled_from(["paid", *ANSWERS]))
    def keep_card(self, who: int, answer: str) -> None:
        self._step(who, self.all[who].keep_card(answer))

    @rule(who=WHO, index=INDEX)
    def drop_card(self, who: int, index: int) -> None:
        self._step(who, self.all[who].drop_card(index))

    @rule(who=WHO, plan=PLANS, interval=INTERVALS, by_card=st.booleans())
    def change(self, who: int, plan: str, interval: str, by_card: bool) -> None:
        self._step(who, self.all[who].change(plan, interval, by_card))

    @rule(who=WHO, interval=INTERVALS)
    def convert(self, who: int, interval: str) -> None:
        self._step(who, self.all[who].convert(interval))

    @rule(who=WHO, how=st.sampled_from(["later", "resume", "now", "undo"]))
    def cancel(self, who: int, how: str) -> None:
        self._step(who, self.all[who].cancel(how))

    @rule(who=WHO, how=st.sampled_from(["later", "resume", "now"]), index=INDEX)
    def cancel_meanwhile(self, who: int, how: str, index: int) -> None:
        self._step(None, self.all[who].cancel_meanwhile(how, index))

    @rule(who=WHO, number=TAX_NUMBERS)
    def change_details(self, who: int, number: str) -> None:
        self._step(who, self.all[who].change_details(number))

    @rule(who=WHO, index=INDEX, surcharge=st.sampled_from([0, 0, 0, 47]))
    def pay(self, who: int, index: int, surcharge: int) -> None:
        self._step(who, self.all[who].pay(index, surcharge))

    @rule(who=WHO, index=INDEX, times=st.integers(1, 3))
    def tell(self, who: int, index: int, times: int) -> None:
        self._step(who, self.all[who].tell(index, times))

    @rule(who=WHO, index=INDEX, share=st.sampled_from([1, 33, 50, 100]))
    def give_back(self, who: int, index: int, share: int) -> None:
        self._step(who, self.all[who].give_back(index, share))

    @rule(who=WHO, index=INDEX, choice=INDEX)
    def decide(self, who: int, index: int, choice: int) -> None:
        self._step(who, self.all[who].decide(index, choice))

    @rule(hours=HOURS, reaches_paytr=st.sampled_from([True, True, True, False]), workers=WORKERS)
    def wait(self, hours: int, reaches_paytr: bool, workers: int) -> None:
        time = timedelta(hours=hours)
        self._step(None, self.world.wait(time, reaches_paytr=reaches_paytr, workers=workers))

    @rule(seconds=st.sampled_from([-1, 0, 0, 1]), workers=WORKERS)
    def wait_for_next(self, seconds: int, workers: int) -> None:
        self._step(None, self.world.wait_for_next(seconds, workers=workers))

    @rule(times=st.integers(2, 6), workers=WORKERS)
    def live_on(self, times: int, workers: int) -> None:
        self._step(None, self.world.live_on(times, workers=workers))

    def teardown(self) -> None:
        """Everybody leaves, everything is told and time passes: PayTR's book and ours are equal."""
        if self.is_whole:
            self.stage.loop.run(self._come_to_rest())

    def _step(self, who: int | None, doing: Coroutine[Any, Any, None]) -> None:
        """Do one thing, to one company or to all; everything holds, and nobody else has noticed."""
        self.is_whole = False
        self.stage.loop.run(self._do(who, doing))
        self.is_whole, self.stage.steps = True, self.stage.steps + 1

    async def _begin(self) -> None:
        await empty(self.stage.engine, TABLES)
        self.stage.resources.gateway.__init__()  # type: ignore[misc]  # begins anew under the same identity
        sessions = self.stage.resources.session_maker
        self.world = World(Cashier(self.stage.resources), await make_operator(sessions), EPOCH)
        names = ("Bir Yazılım", "İki Yazılım")
        self.all = [
            Dealings(self.world, await make_customer(sessions, name=name, at=EPOCH)) for name in names
        ]
        await self.all[0].buy("starter", "month", "paid")  # one pays already, one tries
        await self.all[0].keep_card("paid")
        self.seen: Fingerprints = {}

    async def _do(self, who: int | None, doing: Coroutine[Any, Any, None]) -> None:
        await doing
        async with self.stage.resources.session_maker() as session:
            await assert_book_holds(session, self.world)
            seen = await fingerprints(session)
            for index, dealings in enumerate(self.all):
                await assert_access_is_paid_for(session, dealings)
                company_id = dealings.customer.company.id
                if self.seen and who is not None and index != who:
                    assert seen[company_id] == self.seen[company_id], "another company was touched"
            self.seen = seen

    async def _come_to_rest(self) -> None:
        for dealings in self.all:
            await dealings.leave_for_good()
        for hours in (1, 1, 24, 24 * 40):
            await self.world.wait(timedelta(hours=hours))
        async with self.stage.resources.session_maker() as session:
            await assert_book_holds(session, self.world)
            await assert_books_are_equal(session, self.world)


@pytest.fixture
def engine_class(anyio_backend: str, process: Resources) -> Any:
    """The machine on a stage of its own; the loop that the fixtures live in stands still meanwhile."""
    stage = Stage(process)
    yield type("Engine", (Engine,), {"stage": stage})
    stage.close()


def test_every_rule_holds_after_every_step(engine_class: type[Engine]) -> None:
    began, stage = perf_counter(), engine_class.stage
    while stage.steps < STEPS:
        run_state_machine_as_test(
            seed(SEED + stage.steps)(engine_class),  # where the last run has ended early, another one
            settings=settings(
                max_examples=-(-(STEPS - stage.steps) // STEPS_AN_EXAMPLE),
                stateful_step_count=STEPS_AN_EXAMPLE,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    print(f"{stage.steps} steps from seed {SEED} in {perf_counter() - began:.0f} s")
