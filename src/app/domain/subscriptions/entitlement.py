"""One answer to every "may this company …": asked by pages, creation, start, the edge and the workers."""

from dataclasses import dataclass
from datetime import datetime

from app.db.models import Plan, Subscription
from app.lib.errors import DomainError, NotAllowed
from app.lib.i18n import N_


class WorkspaceLimitReached(DomainError):
    """The plan allows no further workspace."""


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What a company may do at one instant."""

    plan: Plan | None
    may_run_workspaces: bool

    @property
    def workspace_limit(self) -> int | None:
        """How many workspaces the plan holds; nothing means without limit."""
        return self.plan.workspace_limit if self.plan else 0

    def require_running(self) -> None:
        """Raise `NotAllowed` unless workspaces may be created, started and opened."""
        if not self.may_run_workspaces:
            raise NotAllowed(
                N_("Your subscription does not cover running workspaces now. Choose a plan to go on.")
            )

    def require_room(self, used: int) -> None:
        """Raise `WorkspaceLimitReached` unless one more workspace fits beside `used` others."""
        if self.workspace_limit is not None and used >= self.workspace_limit:
            raise WorkspaceLimitReached(
                N_(
                    "Your plan holds %(limit)s workspaces and all are in use. "
                    "Delete one or choose a larger plan."
                ),
                limit=self.workspace_limit,
            )

    def require_place(self, running: int) -> None:
        """Raise `WorkspaceLimitReached` unless one more may run beside `running` others.

        More workspaces than the plan holds are there after a change to a smaller plan alone.
        """
        if self.workspace_limit is not None and running >= self.workspace_limit:
            raise WorkspaceLimitReached(
                N_(
                    "Your plan lets %(limit)s workspaces run at once and as many do. "
                    "Stop one or choose a larger plan."
                ),
                limit=self.workspace_limit,
            )


def entitlement_of(subscription: Subscription | None, at: datetime) -> Entitlement:
    """Return what the holder of this subscription (with its plan loaded) may do at `at`."""
    if subscription is None:
        return Entitlement(plan=None, may_run_workspaces=False)
    return Entitlement(plan=subscription.plan, may_run_workspaces=subscription.grants_access(at))
