"""A workspace: one development machine, what is wanted of it, and what its driver remembers."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base import Base, CompanyOwned, Identified
from app.db.models.company import Company


class WorkspaceStatus(StrEnum):
    """What is observed; moved only by finished transitions and the reconciler."""

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    DELETING = "deleting"
    DELETED = "deleted"


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
        CheckConstraint(
            "name ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' AND length(name) <= 30", name="name_is_a_label"
        ),
        CheckConstraint(
            "status IN ('starting', 'ready', 'stopping', 'stopped', 'failed', 'deleting', 'deleted')",
            name="status_is_known",
        ),
        CheckConstraint("(status = 'deleted') = (deleted_at IS NOT NULL)", name="deleted_has_an_instant"),
    )

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    name: Mapped[str]
    driver: Mapped[str]
    status: Mapped[WorkspaceStatus]
    driver_state: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Opaque to everyone but the driver, which finds its machine again with it."""
    backend_url: Mapped[str | None]
    """Where the edge sends traffic while the workspace runs."""
    last_error: Mapped[str | None]
    ready_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    company: Mapped[Company] = relationship(lazy="raise")
    transitions: Mapped[list["WorkspaceTransition"]] = relationship(
        lazy="raise", order_by="WorkspaceTransition.requested_at.desc()"
    )


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
    """Named steps with their times, as shown: `[{"name", "started_at", "finished_at"}]`."""
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None]
