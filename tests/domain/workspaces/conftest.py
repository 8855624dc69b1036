"""A company with a desk for its wishes, on the test's real database and a fake driver."""

from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.domain.workspaces.attempts import Machinery
from app.tasks.context import Resources
from app.tasks.workspaces import machinery_of
from tests.domain.workspaces.desk import Clock, Desk
from tests.factories import Customer, make_customer

Sessions = async_sessionmaker[AsyncSession]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def machinery(resources: Resources, clock: Clock) -> Machinery:
    """The machinery on a fake driver, with a clock that stands."""
    return replace(machinery_of(resources), clock=clock)


@pytest.fixture
async def customer(session_maker: Sessions) -> Customer:
    """A company in its trial of the plan with 20 workspaces."""
    return await make_customer(session_maker, name="Acme")


@pytest.fixture
def desk(session_maker: Sessions, customer: Customer, clock: Clock) -> Desk:
    return Desk(session_maker, customer, clock)
