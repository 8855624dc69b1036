"""A workspace: one development machine, what is wanted of it, and what its driver remembers."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base import Base, CompanyOwned, Identified
from app.db.models.company import Company
from app.db.models.user import User
from app.lib.state import Transitions


class WorkspaceStatus(StrEnum):
    """Where a workspace stands.

    `starting`, `stopping` and `deleting` hold exactly as long as a transition is open: the request opens
    both in one transaction, the end of the transition closes both in one.
    """

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    DELETING = "deleting"
    DELETED = "deleted"


W = WorkspaceStatus
WORKSPACE_TRANSITIONS = Transitions[WorkspaceStatus](
    {
        W.STARTING: {W.READY, W.FAILED},
        W.READY: {W.STOPPING, W.DELETING, W.STOPPED, W.FAILED},  # the last two: it ended by itself
        W.STOPPING: {W.STOPPED, W.FAILED},
        W.STOPPED: {W.STARTING, W.DELETING},
        W.FAILED: {W.STARTING, W.STOPPING, W.DELETING},
        W.DELETING: {W.DELETED, W.FAILED},
    }
)
IN_TRANSITION = frozenset({W.STARTING, W.STOPPING, W.DELETING})


class Workspace(Identified, CompanyOwned, Base):
    """One development machine of one company."""

    __tablename__ = "workspaces"
    __table_args__ = (
        Index(
            "uq_workspaces_live_name",
            "company_id",
            "name",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("ix_workspaces_removal", "removal_id", postgresql_where=text("removal_id IS NOT NULL")),
        CheckConstraint(
            "name ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' AND length(name) <= 30", name="name_is_a_label"
        ),
        CheckConstraint(
            "status IN ('starting', 'ready', 'stopping', 'stopped', 'failed', 'deleting', 'deleted')",
            name="status_is_known",
        ),
        CheckConstraint("(status = 'deleted') = (deleted_at IS NOT NULL)", name="deleted_has_an_instant"),
        CheckConstraint("(status = 'ready') = (backend_url IS NOT NULL)", name="ready_has_a_backend"),
    )

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    name: Mapped[str]
    driver: Mapped[str]
    """The driver that started it last, the only one that can read its state."""
    status: Mapped[WorkspaceStatus]
    removal_id: Mapped[UUID | None] = mapped_column(ForeignKey("member_removals.id", ondelete="RESTRICT"))
    """The removal of its former owner, as long as it has still to be stopped or deleted because of it."""
    driver_state: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Opaque to everyone but the driver, which finds its machine again with it."""
    backend_url: Mapped[str | None]
    """Where the edge sends traffic while the workspace runs."""
    editor_key: Mapped[str | None]
    """Name of the secret key from which the running editor's secret was derived (`crypto.Keys.named`)."""
    last_error: Mapped[str | None]
    ready_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    """When somebody last worked in it, as far as it has told."""
    busy_at: Mapped[datetime | None]
    """When a job was last seen running in one of its terminals, and counted as use."""
    deleted_at: Mapped[datetime | None]

    company: Mapped[Company] = relationship(lazy="raise")
    owner: Mapped[User] = relationship(lazy="raise")
    transitions: Mapped[list["WorkspaceTransition"]] = relationship(
        lazy="raise", order_by="WorkspaceTransition.requested_at.desc()"
    )

    @property
    def unused_since(self) -> datetime | None:
        """Since when nobody has worked in it and nothing that counts has run; nothing unless it runs."""
        return max(filter(None, (self.ready_at, self.used_at, self.busy_at))) if self.ready_at else None

    @property
    def is_in_transition(self) -> bool:
        """Say whether a worker is about to change it."""
        return self.status in IN_TRANSITION

    def move(self, target: WorkspaceStatus) -> None:
        """Change the status along the table, or raise `IllegalTransition`."""
        self.status = WORKSPACE_TRANSITIONS.move(self.status, target)

    def begin(self, target: WorkspaceStatus) -> None:
        """Record that a worker is about to change it; nobody is let in meanwhile."""
        self.move(target)
        self._runs_no_more(self.driver_state)

    def became_ready(
        self, driver: str, backend_url: str, state: dict[str, Any], at: datetime, *, editor_key: str
    ) -> None:
        """Record that it runs, by what and where, and which key opens its editor."""
        self.move(W.READY)
        self.editor_key = editor_key
        self.driver, self.backend_url, self.driver_state, self.ready_at = driver, backend_url, state, at
        self.last_error = None

    def became_stopped(self, state: dict[str, Any], reason: str | None = None) -> None:
        """Record that nothing of it runs; a reason is given when nobody had asked for that."""
        self.move(W.STOPPED)
        self._runs_no_more(state)
        self.last_error = reason

    def became_deleted(self, at: datetime) -> None:
        """Record that its files are gone; name and place in the plan are free again."""
        self.move(W.DELETED)
        self._runs_no_more({})
        self.deleted_at, self.last_error = at, None

    def failed(self, reason: str) -> None:
        """Record why it is not where it was wanted; the state stays, for what may be left of it."""
        self.move(W.FAILED)
        self._runs_no_more(self.driver_state)
        self.last_error = reason

    def _runs_no_more(self, state: dict[str, Any]) -> None:
        self.backend_url, self.driver_state, self.ready_at, self.editor_key = None, state, None, None


class TransitionKind(StrEnum):
    """What somebody asked of a workspace."""

    START = "start"
    STOP = "stop"
    DELETE = "delete"


class WorkspaceTransition(Identified, CompanyOwned, Base):
    """One wish and how it went; at most one open per workspace."""

    __tablename__ = "workspace_transitions"
    __table_args__ = (
        Index(
            "uq_workspace_transitions_open",
            "workspace_id",
            unique=True,
            postgresql_where=text("finished_at IS NULL"),
        ),
        Index("ix_workspace_transitions_due", "lease_until", postgresql_where=text("finished_at IS NULL")),
        CheckConstraint("kind IN ('start', 'stop', 'delete')", name="kind_is_known"),
    )

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="RESTRICT"), index=True)
    kind: Mapped[TransitionKind]
    requested_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    requested_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    """Due column: a worker holds the transition until then; later the sweeper takes it up again."""
    attempts: Mapped[int] = mapped_column(default=0)
    steps: Mapped[list[Any]] = mapped_column(default=list)
    """The attempt's steps, planned ones too; times in ISO 8601: `[{"name", "started_at", "finished_at"}]`."""
    reason: Mapped[str | None]
    """Why it was asked for, when nobody did: a sentence for the page."""
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None]

    def is_due(self, at: datetime) -> bool:
        """Say whether a worker may take it up: open, and held by nobody."""
        return self.finished_at is None and (self.lease_until is None or self.lease_until <= at)

    def take_up(self, until: datetime, steps: tuple[str, ...]) -> None:
        """Begin an attempt that is held until then; its number keeps older attempts from writing."""
        self.attempts += 1
        self.lease_until = until
        self.steps = [{"name": name, "started_at": None, "finished_at": None} for name in steps]

    def finish(self, at: datetime, error: str | None = None) -> None:
        """Close it, with the reason when it did not come to what was wanted."""
        self.finished_at, self.lease_until, self.error = at, None, error
