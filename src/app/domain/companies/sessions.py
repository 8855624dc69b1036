"""Beginning a session in a company."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import User
from app.domain.companies.viewer import first_company_of
from app.lib.errors import NotAllowed
from app.lib.http import AnyRequest
from app.lib.i18n import N_
from app.lib.sessions import SessionConfig, rotate_session


async def begin(
    request: AnyRequest,
    sessions: SessionConfig,
    session: AsyncSession,
    user: User,
    company_id: UUID | None = None,
) -> None:
    """Begin a session under a new id in the given company, or in the first one the person joined."""
    company_id = company_id or await first_company_of(session, user.id)
    if company_id is None:
        raise NotAllowed(N_("This account belongs to no company any more."))
    data = {"user_id": str(user.id), "company_id": str(company_id), "session_epoch": user.session_epoch}
    await rotate_session(request, sessions, data)
