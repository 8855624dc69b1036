"""When a workspace that nobody uses stops (docs/workspaces.md, "Idle"). Who makes it so: `unused.py`.

Use is what the editor says of its window: touched within the last minute. A connection is none, since a
forgotten tab holds one for ever. A job in a terminal counts too, up to `JOBS_COUNT_FOR` after the last touch.
"""

from datetime import datetime, timedelta

from app.db.models import Plan, Workspace
from app.domain.workspaces.drivers.base import IdleStop
from app.lib.i18n import N_, translate

JOBS_COUNT_FOR = timedelta(hours=12)
"""A build may take the night; a server that somebody forgot may not run for ever."""
STOPPED = N_("Stopped because nobody had worked in it for a while. Your files are where you left them.")
WARNING = N_("Nobody has worked here for a while, so this workspace stops in five minutes.")
STAY = N_("Keep it running")


def idle_stop_of(plan: Plan, language: str) -> IdleStop | None:
    """Return when and with which words an unused workspace of a plan stops; nothing where none does."""
    if plan.idle_stop_minutes is None:
        return None
    return IdleStop(plan.idle_stop_minutes, translate(language, WARNING), translate(language, STAY))


def stops_at(workspace: Workspace, plan: Plan | None) -> datetime | None:
    """Return when a running workspace stops unless somebody works in it; nothing where it does not."""
    if workspace.unused_since is None or plan is None or plan.idle_stop_minutes is None:
        return None
    return workspace.unused_since + timedelta(minutes=plan.idle_stop_minutes)


def jobs_count(workspace: Workspace, at: datetime) -> bool:
    """Say whether a job in a terminal would still count as use."""
    touched = max(filter(None, (workspace.ready_at, workspace.used_at)), default=at)
    return at - touched < JOBS_COUNT_FOR
