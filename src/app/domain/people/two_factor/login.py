"""The step between the right password and the session: a half session that opens nothing but this step."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import User
from app.domain.companies import sessions as company_sessions
from app.lib.clock import real_now
from app.lib.http import AnyRequest, redirect
from app.lib.sessions import SessionConfig, rotate_session
from app.lib.settings import Settings

HALF = "half_login"
LASTS_FOR = timedelta(minutes=10)
"""How long the password is good for while the code is looked for."""


@dataclass(frozen=True, slots=True)
class HalfLogin:
    """Somebody whose password was right; what else a session holds, `user_id` above all, is not there yet."""

    user: str
    session_epoch: int
    next: str

    @classmethod
    def of(cls, request: AnyRequest) -> "HalfLogin | None":
        """Return the half session that a request belongs to."""
        data = request.session.get(HALF)
        return cls(**data) if data else None

    async def person(self, session: AsyncSession) -> User | None:
        """Return who it is, or nothing when all their sessions have been ended meanwhile."""
        same = User.id == UUID(self.user), User.session_epoch == self.session_epoch
        return await session.scalar(select(User).where(*same))


async def ask_for_code(
    request: AnyRequest, sessions: SessionConfig, user: User, wanted: str
) -> Response[Any]:
    """Begin a half session under a new id and lead to the field for the code."""
    half = HalfLogin(str(user.id), user.session_epoch, wanted)
    await rotate_session(request, sessions, {HALF: asdict(half)}, ends_at=real_now() + LASTS_FOR)
    return redirect(request, "/login/code")


async def let_in(
    request: AnyRequest,
    sessions: SessionConfig,
    session: AsyncSession,
    settings: Settings,
    user: User,
    wanted: str,
    *,
    by_code: bool = False,
) -> Response[Any]:
    """Begin the session under a new id and lead to where the person was going."""
    await company_sessions.begin(request, sessions, session, user)
    answer = redirect(request, company_sessions.way_on(user, wanted))
    return company_sessions.known_from_now_on(answer, user, settings, by_code=by_code)
