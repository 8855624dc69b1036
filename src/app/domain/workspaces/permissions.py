"""Whose workspace may be opened, worked with and deleted: the table of roles, and the rule of one's own.

A workspace holds the keys and the work of one person: nobody else opens it, whatever their role.
"""

from app.db.models import Role, Workspace
from app.domain.companies.permissions import WORDS, Permission, allows
from app.domain.companies.viewer import Viewer
from app.lib.errors import NotAllowed
from app.lib.i18n import N_

OF_SOMEBODY_ELSE = N_("This workspace is somebody else's: only its owner opens it.")


def may_operate(role: Role) -> bool:
    """Say whether a role may create, start, stop and open workspaces; billing only sees what it pays for."""
    return allows(role, Permission.OPERATE_WORKSPACES)


def may_open(viewer: Viewer, workspace: Workspace) -> bool:
    """Say whether the viewer may enter this workspace: their own alone."""
    return may_operate(viewer.role) and workspace.owner_id == viewer.user.id


def may_manage(viewer: Viewer, workspace: Workspace) -> bool:
    """Say whether the viewer may start, stop and delete this workspace: any by the table, or their own."""
    return may_open(viewer, workspace) or viewer.can(Permission.DELETE_ANY_WORKSPACE)


def require_operating(viewer: Viewer) -> None:
    """Raise `NotAllowed` unless the viewer's role works with workspaces."""
    viewer.require(Permission.OPERATE_WORKSPACES)


def require_opening(viewer: Viewer, workspace: Workspace) -> None:
    """Raise `NotAllowed` unless the viewer may enter this workspace."""
    require_operating(viewer)
    if not may_open(viewer, workspace):
        raise NotAllowed(OF_SOMEBODY_ELSE)


def require_managing(viewer: Viewer, workspace: Workspace) -> None:
    """Raise `NotAllowed` unless the viewer may start, stop and delete this workspace."""
    require_operating(viewer)
    if not may_manage(viewer, workspace):
        raise NotAllowed(WORDS[Permission.DELETE_ANY_WORKSPACE].refusal)
