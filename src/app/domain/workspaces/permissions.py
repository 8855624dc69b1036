"""Whose workspace may be worked with and deleted: the table of roles, and the rule of one's own."""

from app.db.models import Role, Workspace
from app.domain.companies.permissions import WORDS, Permission, allows
from app.domain.companies.viewer import Viewer
from app.lib.errors import NotAllowed


def may_operate(role: Role) -> bool:
    """Say whether a role may create, start, stop and open workspaces; billing only sees what it pays for."""
    return allows(role, Permission.OPERATE_WORKSPACES)


def may_delete(viewer: Viewer, workspace: Workspace) -> bool:
    """Say whether the viewer may delete this workspace: any by the table, or their own."""
    is_own = workspace.owner_id == viewer.user.id
    return viewer.can(Permission.DELETE_ANY_WORKSPACE) or (is_own and may_operate(viewer.role))


def require_operating(viewer: Viewer) -> None:
    """Raise `NotAllowed` unless the viewer's role works with workspaces."""
    viewer.require(Permission.OPERATE_WORKSPACES)


def require_deleting(viewer: Viewer, workspace: Workspace) -> None:
    """Raise `NotAllowed` unless the viewer may delete this workspace."""
    if not may_delete(viewer, workspace):
        raise NotAllowed(WORDS[Permission.DELETE_ANY_WORKSPACE].refusal)
