"""What the pages of workspaces show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.db.models import WorkspaceTransition
from app.lib.settings import Settings


@dataclass(frozen=True, slots=True)
class Step:
    """One named step of a transition; times are empty while it has not begun or not ended."""

    name: str
    started_at: datetime | None
    finished_at: datetime | None
    failed: bool

    @property
    def status(self) -> str:
        """`pending`, `running`, `done` or `failed`."""
        if self.started_at is None:
            return "pending"
        if self.finished_at is not None:
            return "done"
        return "failed" if self.failed else "running"

    @property
    def seconds(self) -> float | None:
        """How long a finished step took."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


def steps_of(transition: WorkspaceTransition | None) -> Sequence[Step]:
    """Return the steps of the latest attempt, planned ones included; empty before a worker took it up."""
    if transition is None:
        return ()
    return [
        Step(
            name=step["name"],
            started_at=_instant(step["started_at"]),
            finished_at=_instant(step["finished_at"]),
            failed=transition.error is not None,
        )
        for step in transition.steps
    ]


def address_of(label: str, settings: Settings) -> str:
    """Return where the editor of the workspace with this host label is reached, without a slash."""
    scheme = "https" if settings.is_https else "http"
    return f"{scheme}://{label}.{settings.workspace_domain}"


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
