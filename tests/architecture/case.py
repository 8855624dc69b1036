"""One rendering of a page."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain.accounts.operators import Operator
from app.domain.companies.person import Person
from app.domain.companies.viewer import Viewer
from app.lib.clock import now


@dataclass(frozen=True)
class Case:
    """The template, its blocks that are asked for alone, who looks, and at what."""

    name: str
    template: str
    path: str
    viewer: Viewer | Person | Operator | None
    context: dict[str, Any]
    blocks: tuple[str, ...] = ()
    method: str = "GET"
    cookies: dict[str, str] = field(default_factory=dict)


def this_hour() -> datetime:
    """Return a recent instant that stays the same, so that equal pages are equal and looked at once."""
    return now().replace(minute=0, second=0, microsecond=0)
