"""An empty shop."""

from tests.scenarios.conftest import cashier

__all__ = ["cashier"]
