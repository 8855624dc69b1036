"""Whose workspace it is. Another company's is not refused but not found."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from app.db.models import Workspace
from app.db.scoped import owned
from app.domain.companies.viewer import Viewer
from app.lib.i18n import N_


async def workspace_of(
    session: AsyncSession, viewer: Viewer, workspace_id: UUID, *, lock: bool = False
) -> Workspace:
    """Return a workspace of the viewer's company, or raise `NotFound`."""
    return await owned(
        session,
        Workspace,
        viewer.company.id,
        Workspace.id == workspace_id,
        Workspace.deleted_at.is_(None),
        missing=N_("There is no such workspace."),
        lock=lock,
        options=(joinedload(Workspace.owner, innerjoin=True),),
    )
