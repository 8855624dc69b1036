"""Whose workspace it is. Another company's is not refused but not found."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Workspace
from app.domain.companies.viewer import Viewer
from app.domain.workspaces.queries import workspace_in
from app.lib.errors import NotFound
from app.lib.i18n import N_


async def workspace_of(
    session: AsyncSession, viewer: Viewer, workspace_id: UUID, *, lock: bool = False
) -> Workspace:
    """Return a workspace of the viewer's company, or raise `NotFound`."""
    workspace = await workspace_in(session, viewer.company.id, workspace_id, lock=lock)
    if workspace is None:
        raise NotFound(N_("There is no such workspace."))
    return workspace
