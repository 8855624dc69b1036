"""The shop on emptied resources."""

import pytest

from app.lib.clock import now
from app.tasks.context import Resources
from tests.factories import make_customer
from tests.scenarios.cashier import Cashier, Debtor
from tests.scenarios.shop import Shop


@pytest.fixture
def shop(resources: Resources) -> Shop:
    """An empty shop."""
    return Shop(resources)


@pytest.fixture
def cashier(resources: Resources) -> Cashier:
    """An empty shop that charges stored cards."""
    return Cashier(resources)


@pytest.fixture
async def debtor(cashier: Cashier) -> Debtor:
    """Somebody who owes a month of Team and has a card stored."""
    return await cashier.owes(await make_customer(cashier.resources.session_maker), now())
