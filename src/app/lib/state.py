"""State machines as printed tables."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from app.lib.errors import IllegalTransition

State = TypeVar("State", bound=StrEnum)


class Transitions(Generic[State]):
    """The arrows of one state machine; every move that is not in the table raises."""

    def __init__(self, arrows: Mapping[State, set[State]]) -> None:
        self._arrows = arrows

    def allows(self, current: State, target: State) -> bool:
        """Say whether the table has an arrow from `current` to `target`."""
        return target in self._arrows.get(current, set())

    def move(self, current: State, target: State) -> State:
        """Return `target`, or raise `IllegalTransition` when there is no such arrow."""
        if not self.allows(current, target):
            raise IllegalTransition(
                "This cannot go from %(current)s to %(target)s.", current=current, target=target
            )
        return target
