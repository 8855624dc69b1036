"""A bounded memory of what was seen last; the oldest is forgotten first."""

from collections.abc import Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)


class LastSeen(Generic[Item]):
    """A set of at most `limit` items, of one process; only for facts that never change again."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: dict[Item, None] = {}

    def add(self, item: Item) -> None:
        """Remember an item, and forget the oldest when there are too many."""
        self._items[item] = None
        if len(self._items) > self._limit:
            del self._items[next(iter(self._items))]

    def __contains__(self, item: object) -> bool:
        return item in self._items
