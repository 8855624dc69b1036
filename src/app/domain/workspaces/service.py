"""Asking for something to happen to a workspace. A worker makes it happen (lifecycle.py).

A request is a row: the transition, written with the new status and the audit entry in one transaction.
While one is open nothing else may be asked; asking for the same again changes nothing.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import TransitionKind, Workspace, WorkspaceStatus, WorkspaceTransition
from app.domain.accounts.verification import require_verified
from app.domain.audit import service as audit
from app.domain.companies.viewer import Viewer
from app.domain.jobs import Job
from app.domain.subscriptions.entitlement import entitlement_of
from app.domain.subscriptions.queries import newest_subscription
from app.domain.workspaces import queries
from app.domain.workspaces.names import require_name
from app.domain.workspaces.permissions import require_managing, require_operating
from app.domain.workspaces.quotas import room_of
from app.lib.errors import DomainError, InvalidInput
from app.lib.i18n import N_
from app.lib.uow import defer

W = WorkspaceStatus

BUSY = {
    W.STARTING: N_("This workspace is starting. Wait until it is ready, then try again."),
    W.STOPPING: N_("This workspace is stopping. Wait until it has stopped, then try again."),
    W.DELETING: N_("This workspace is being deleted. Nothing else can be done with it."),
}
UNDERWAY = {
    TransitionKind.START: W.STARTING,
    TransitionKind.STOP: W.STOPPING,
    TransitionKind.DELETE: W.DELETING,
}
REACHED = {
    TransitionKind.START: {W.STARTING, W.READY},
    TransitionKind.STOP: {W.STOPPING, W.STOPPED},
    TransitionKind.DELETE: {W.DELETING, W.DELETED},
}
"""Where a wish needs no further request, because it is fulfilled or about to be."""


class WorkspaceBusy(DomainError):
    """Something else is happening to the workspace."""


async def create_workspace(
    session: AsyncSession, viewer: Viewer, *, name: str, driver: str, at: datetime
) -> Workspace:
    """Take a place of the plan and ask for the first start.

    The subscription's row is the lock under which places are counted and names compared, so that
    simultaneous requests of one company come one after the other.
    """
    require_operating(viewer)
    require_verified(viewer.user)
    name = require_name(name, viewer.company.slug)
    room = await room_of(session, viewer, at=at, lock=True)
    room.places.entitlement.require_running()
    room.require()
    if await queries.workspace_named(session, viewer.company.id, name):
        raise InvalidInput(N_("Your company already has a workspace of this name."), field="name")
    workspace = Workspace(
        company_id=viewer.company.id,
        owner_id=viewer.user.id,
        name=name,
        driver=driver,
        status=W.STOPPED,
        driver_state={},
    )
    session.add(workspace)
    await session.flush()
    _record(session, viewer, workspace, "workspace.created", at)
    await _request(session, viewer, workspace, TransitionKind.START, at)
    return workspace


async def start_workspace(
    session: AsyncSession, viewer: Viewer, workspace: Workspace, *, at: datetime
) -> None:
    """Ask for a start; `workspace` is locked by the caller."""
    require_managing(viewer, workspace)
    require_verified(viewer.user)
    entitlement = entitlement_of(await newest_subscription(session, viewer.company.id), at)
    entitlement.require_running()
    if workspace.status not in REACHED[TransitionKind.START]:
        entitlement.require_place(await queries.count_running(session, viewer.company.id))
    await _request(session, viewer, workspace, TransitionKind.START, at)


async def stop_workspace(
    session: AsyncSession, viewer: Viewer, workspace: Workspace, *, at: datetime
) -> None:
    """Ask for a stop; files stay. `workspace` is locked by the caller."""
    require_managing(viewer, workspace)
    await _request(session, viewer, workspace, TransitionKind.STOP, at)


async def delete_workspace(
    session: AsyncSession, viewer: Viewer, workspace: Workspace, *, at: datetime
) -> None:
    """Ask for the end of a workspace with all its files. `workspace` is locked by the caller."""
    require_managing(viewer, workspace)
    await _request(session, viewer, workspace, TransitionKind.DELETE, at)


async def _request(
    session: AsyncSession, viewer: Viewer, workspace: Workspace, kind: TransitionKind, at: datetime
) -> None:
    if workspace.status in REACHED[kind]:
        return
    if workspace.is_in_transition:
        raise WorkspaceBusy(BUSY[workspace.status])
    workspace.begin(UNDERWAY[kind])
    transition = WorkspaceTransition(
        company_id=workspace.company_id,
        workspace_id=workspace.id,
        kind=kind,
        requested_by_id=viewer.user.id,
        requested_at=at,
        attempts=0,
        steps=[],
    )
    session.add(transition)
    await session.flush()
    _record(session, viewer, workspace, f"workspace.{kind}_requested", at)
    defer(session, Job.RUN_TRANSITION, transition_id=str(transition.id))


def _record(session: AsyncSession, viewer: Viewer, workspace: Workspace, action: str, at: datetime) -> None:
    audit.record(
        session,
        at=at,
        action=action,
        subject=workspace.id,
        company_id=workspace.company_id,
        actor_id=viewer.user.id,
        facts={"name": workspace.name},
    )
