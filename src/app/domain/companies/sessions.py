"""Beginning a session: of a customer in a company, of an operator in none."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import User
from app.domain.accounts.operators import CONSOLE, Operator
from app.domain.companies.viewer import Viewer, first_company_of
from app.lib.clock import real_now
from app.lib.errors import NotAllowed
from app.lib.http import AnyRequest, client_of, local_address
from app.lib.i18n import N_
from app.lib.sessions import SessionConfig, rotate_session


async def begin(
    request: AnyRequest,
    sessions: SessionConfig,
    session: AsyncSession,
    user: User,
    company_id: UUID | None = None,
) -> None:
    """Begin a session under a new id: in the given company, or in the first one a customer joined."""
    data = {"user_id": str(user.id), "session_epoch": user.session_epoch}
    if not user.is_operator:
        company_id = company_id or await first_company_of(session, user.id)
        if company_id is None:
            raise NotAllowed(N_("This account belongs to no company any more."))
        data["company_id"] = str(company_id)
    session_id = await rotate_session(request, sessions, data)
    await sessions.directory.enter(user.id, session_id, **client_of(request), at=real_now())


def way_on(user: User, wanted: str) -> str:
    """Return where a login leads: to the address that was asked for, if it is on the person's own side."""
    home = Operator.home if user.is_operator else Viewer.home
    address = local_address(wanted, home)
    return address if address.startswith(CONSOLE) == user.is_operator else home
