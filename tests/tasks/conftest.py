"""A context as SAQ hands it to a task."""

from typing import Any, cast

import pytest
from saq.types import Context

from app.tasks.context import Resources


@pytest.fixture
def context(resources: Resources) -> Context:
    """What every task gets."""
    return cast("Context", cast("Any", {"resources": resources}))
