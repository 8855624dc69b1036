"""What each role may do with workspaces."""

from app.db.models import Role, Workspace
from app.domain.companies.viewer import Viewer
from app.lib.errors import NotAllowed
from app.lib.i18n import N_

OPERATING_ROLES = frozenset({Role.OWNER, Role.ADMIN, Role.DEVELOPER})
"""Who may create, start, stop and open; the billing role only sees what it pays for."""


def may_operate(role: Role) -> bool:
    """Say whether a role may create, start, stop and open workspaces."""
    return role in OPERATING_ROLES


def may_delete(viewer: Viewer, workspace: Workspace) -> bool:
    """Say whether the viewer may delete this workspace: their own, or any as owner or admin."""
    return viewer.may(Role.ADMIN) or (may_operate(viewer.role) and workspace.owner_id == viewer.user.id)


def require_operating(viewer: Viewer) -> None:
    """Raise `NotAllowed` unless the viewer's role works with workspaces."""
    if not may_operate(viewer.role):
        raise NotAllowed(N_("Your role pays for workspaces but does not work with them."))


def require_deleting(viewer: Viewer, workspace: Workspace) -> None:
    """Raise `NotAllowed` unless the viewer may delete this workspace."""
    if not may_delete(viewer, workspace):
        raise NotAllowed(N_("Only its owner or an administrator of your company can delete this workspace."))
