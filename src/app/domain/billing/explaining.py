"""How the amount of an order came about: steps frozen on it as JSON, from which a page explains it.

They are written once, with the order, by whatever computed the amount; nothing is computed from them again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import msgspec

from app.db.models import Interval, PlanPrice


class PriceVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A published price as it stood: the gross of a whole period in minor units."""

    price_id: UUID
    plan: str
    version: int
    interval: Interval
    gross: int

    @classmethod
    def of(cls, price: PlanPrice) -> Self:
        """Return a price (with its plan loaded) as an explanation names it."""
        return cls(
            price_id=price.id,
            plan=price.plan.name,
            version=price.version,
            interval=price.interval,
            gross=price.gross,
        )


class OneStep(msgspec.Struct, frozen=True, kw_only=True, tag_field="step"):
    """What every step is; its JSON names its kind."""

    @property
    def kind(self) -> str:
        """The step's name in its JSON."""
        return str(self.__struct_config__.tag)


class PriceStep(OneStep, frozen=True, kw_only=True, tag="price"):
    """A whole period at its published price."""

    price: PriceVersion

    @property
    def amount(self) -> int:
        """What this adds to the gross."""
        return self.price.gross


class DifferenceStep(OneStep, frozen=True, kw_only=True, tag="difference"):
    """Another price from `since` until the end of a running period of `of_seconds` seconds.

    Both values are those of the whole period, all its slices together, each rounded once (half up); their
    difference is charged, so that any number of changes adds up to the kuruş.
    """

    old: PriceVersion
    new: PriceVersion
    since: datetime
    until: datetime
    seconds: int
    of_seconds: int
    value_before: int
    value_after: int

    @property
    def amount(self) -> int:
        """What this adds to the gross."""
        return self.value_after - self.value_before


class UnusedStep(OneStep, frozen=True, kw_only=True, tag="unused"):
    """What is left of a period that a new one replaces; becomes credit, and leaves the gross as it is."""

    price: PriceVersion
    seconds: int
    of_seconds: int
    amount: int


class CreditStep(OneStep, frozen=True, kw_only=True, tag="credit"):
    """What the company's credit pays of the gross, which it leaves as it is."""

    amount: int


Step = PriceStep | DifferenceStep | UnusedStep | CreditStep


def to_json(steps: Sequence[Step]) -> list[Any]:
    """Return steps as `orders.explanation` keeps them."""
    return [msgspec.to_builtins(step) for step in steps]


def from_json(explanation: Sequence[Any]) -> list[Step]:
    """Read what `to_json` wrote; raises `msgspec.ValidationError` for anything else."""
    return msgspec.convert(explanation, list[Step])


def gross_of(steps: Sequence[Step]) -> int:
    """Return the gross that the steps add up to, in minor units."""
    return sum(step.amount for step in steps if isinstance(step, PriceStep | DifferenceStep))
