"""Beginning a session: of a customer in a company, of an operator in none."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from litestar import Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import User
from app.domain.accounts.cookies import host_name
from app.domain.accounts.limits import DEVICE, KNOWN_FOR, CodeTries, LoginTries, device_cookie
from app.domain.accounts.operators import CONSOLE, Operator
from app.domain.companies.person import Person, first_company_of
from app.domain.companies.viewer import Viewer
from app.lib.clock import real_now
from app.lib.http import AnyRequest, address_of, client_of, local_address
from app.lib.sessions import ENDS_AT, LASTS_FOR, SessionConfig, rotate_session
from app.lib.settings import Settings
from app.lib.throttles import Throttle


async def begin(
    request: AnyRequest,
    sessions: SessionConfig,
    session: AsyncSession,
    user: User,
    company_id: UUID | None = None,
) -> None:
    """Begin a session under a new id: in the given company, in the first one a customer joined, or in none.

    A session in the place of another one of the same person ends when that one would have: only a login
    counts anew, also the one that signing up is.
    """
    data = {"user_id": str(user.id), "session_epoch": user.session_epoch}
    if not user.is_operator:
        data["company_id"] = _named(company_id or await first_company_of(session, user.id))
    at, ends_at = real_now(), _end_of(request, user)
    if ends_at is None:
        user.last_login_at, ends_at = at, at + LASTS_FOR
    session_id = await rotate_session(request, sessions, data, ends_at=ends_at)
    await sessions.directory.enter(user.id, session_id, **client_of(request), at=at, ends_at=ends_at)


def _end_of(request: AnyRequest, user: User) -> datetime | None:
    """Return when the session ends that this person is in already."""
    session = request.session
    if session.get("user_id") != str(user.id):
        return None
    return datetime.fromtimestamp(session[ENDS_AT], UTC)


def look_at(request: AnyRequest, company_id: UUID | None) -> None:
    """Let the session look at a company from now on, or at none; whether the person may is the caller's."""
    request.session["company_id"] = _named(company_id)


def seen_in(viewer: Viewer | Person) -> UUID | None:
    """Return the company that somebody looks at, if they look at one."""
    return viewer.company.id if isinstance(viewer, Viewer) else None


def _named(company_id: UUID | None) -> str:
    """Return a company as sessions have it; empty for a customer who belongs to none."""
    return str(company_id) if company_id else ""


def tries_of(request: AnyRequest, throttle: Throttle, settings: Settings, email: str) -> LoginTries:
    """Return what a login from this browser counts among."""
    return LoginTries.of(
        throttle,
        keys=settings.keys,
        address=address_of(request),
        email=email,
        cookie=request.cookies.get(host_name(DEVICE, settings)),
        at=real_now(),
    )


def code_tries_of(request: AnyRequest, throttle: Throttle, settings: Settings, email: str) -> CodeTries:
    """Return what a code from this browser counts among."""
    cookie = request.cookies.get(host_name(DEVICE, settings))
    return CodeTries.of(throttle, keys=settings.keys, email=email, cookie=cookie, at=real_now())


def known_from_now_on(
    answer: Response[Any], user: User, settings: Settings, *, by_code: bool = False
) -> Response[Any]:
    """Let the browser say from now on that it has logged in to this account, and whether with a code too.

    It opens nothing.
    """
    answer.set_cookie(
        host_name(DEVICE, settings),
        device_cookie(settings.keys, user.email, at=real_now(), by_code=by_code),
        max_age=int(KNOWN_FOR.total_seconds()),
        httponly=True,
        secure=settings.is_https,
        samesite="lax",
        path="/",
    )
    return answer


def way_on(user: User, wanted: str) -> str:
    """Return where a login leads: to the address that was asked for, if it is on the person's own side."""
    home = Operator.home if user.is_operator else Viewer.home
    address = local_address(wanted, home)
    return address if address.startswith(CONSOLE) == user.is_operator else home
