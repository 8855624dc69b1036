"""One rendering of a page."""

from dataclasses import dataclass, field
from typing import Any

from app.domain.accounts.operators import Operator
from app.domain.companies.viewer import Viewer


@dataclass(frozen=True)
class Case:
    """The template, its blocks that are asked for alone, who looks, and at what."""

    name: str
    template: str
    path: str
    viewer: Viewer | Operator | None
    context: dict[str, Any]
    blocks: tuple[str, ...] = ()
    method: str = "GET"
    cookies: dict[str, str] = field(default_factory=dict)
