"""The shop on emptied resources."""

import pytest

from app.tasks.context import Resources
from tests.scenarios.shop import Shop


@pytest.fixture
def shop(resources: Resources) -> Shop:
    """An empty shop."""
    return Shop(resources)
