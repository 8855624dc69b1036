"""Any sequence of customers, operators, PayTR's answers and time: every rule holds after every step.

`make engine STEPS=10000` goes on for so many steps; here it is a hundred.
"""

import os
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.db.base import Base
from tests.conftest import KEPT, empty
from tests.engine.world import ANSWERS, World
from tests.factories import make_customer
from tests.scenarios.cashier import Cashier

STEPS_AN_EXAMPLE = 20
EXAMPLES = max(int(os.environ.get("TEZGAH_ENGINE_STEPS", "20")) // STEPS_AN_EXAMPLE, 1)
EPOCH = datetime(2027, 1, 31, 9, 0, tzinfo=UTC)
PLANS = st.sampled_from(["starter", "team", "enterprise"])
INTERVALS = st.sampled_from(["month", "month", "year"])
INDEX = st.integers(0, 4)
STEPS = st.one_of(
    st.tuples(
        st.just("buy"), PLANS, INTERVALS, st.sampled_from(["paid", "paid", "lost", "declined", "left"])
    ),
    st.tuples(st.just("keep_card"), st.sampled_from(["paid", *ANSWERS])),
    st.tuples(st.just("change"), PLANS, INTERVALS, st.booleans()),
    st.tuples(st.just("undo")),
    st.tuples(st.just("convert"), INTERVALS),
    st.tuples(st.just("cancel"), st.sampled_from(["later", "resume", "now"])),
    st.tuples(st.just("pay"), INDEX),
    st.tuples(st.just("tell"), INDEX),
    st.tuples(st.just("give_back"), INDEX, st.integers(1, 100)),
    st.tuples(
        st.just("wait"),
        st.sampled_from([1, 7, 26, 80, 24 * 7, 24 * 15, 24 * 31, 24 * 45]),
        st.sampled_from([True, True, True, False]),
    ),
)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(
    steps=[
        ("keep_card", "paid"),
        ("buy", "starter", "month", "paid"),
        ("wait", 7, True),
        ("change", "team", "month", True),
        ("wait", 80, True),
        ("tell", 1),
        ("change", "enterprise", "year", False),
        ("pay", 2),
        ("tell", 2),
        ("wait", 24 * 45, True),
        ("cancel", "now"),
        ("wait", 80, True),
    ]
)
@example(
    steps=[
        ("buy", "team", "month", "paid"),
        ("keep_card", "declined"),
        *[("wait", 24 * 7, True)] * 9,
        ("pay", 1),
        ("tell", 1),
    ]
)
@given(steps=st.lists(STEPS, min_size=STEPS_AN_EXAMPLE // 2, max_size=STEPS_AN_EXAMPLE * 3 // 2))
async def test_every_rule_holds_after_every_step(cashier: Cashier, steps: list[tuple[Any, ...]]) -> None:
    tables = [table.name for table in Base.metadata.sorted_tables if table.name not in KEPT]
    await empty(cashier.resources.engine, tables)
    world = World(cashier, await make_customer(cashier.resources.session_maker, at=EPOCH), EPOCH)
    cashier.gateway.clock = lambda: world.at
    for name, *arguments in steps:
        await getattr(world, name)(*arguments)
        await world.holds()
    await world.come_to_rest()
    await world.holds()
