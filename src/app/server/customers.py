"""Whose pages a customer's session shows: a company's, or the way to another when it is closed to them."""

from typing import Any
from uuid import UUID

from litestar.plugins.htmx import HTMXRequest
from litestar.types import Receive, Scope, Send
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.scopes import declare, declare_nothing, of_company, of_person
from app.domain.accounts.operators import Operator
from app.domain.companies.person import COMPANIES, Person, first_company_of, person_of
from app.domain.companies.viewer import Viewer, viewer_of
from app.lib.http import redirect

Somebody = Viewer | Person | Operator
"""Whoever is logged in."""
MOVED = "session_moved"
"""In a request's state: the company of its session was closed to the person since the request before."""


def scope_of_customer(session: dict[str, Any]) -> str:
    """Return what a customer's transaction may see: the rows of the company, and their own."""
    user_id, company = UUID(session["user_id"]), session["company_id"]
    return of_company(UUID(company), user_id) if company else of_person(user_id)


async def customer_of(
    database: AsyncSession, scope: Scope, session: dict[str, Any], *, declares: bool
) -> Viewer | Person | None:
    """Return who looks at the company of a session, or who has lost it; nothing when the epoch is gone.

    The session of somebody who was removed or has left goes on in another company of theirs, or in none:
    from the next request on, so that nothing meant for the one company is done in the other.
    """
    user_id, epoch, named = UUID(session["user_id"]), session["session_epoch"], session["company_id"]
    if named:
        company_id = UUID(named)
        viewer = await viewer_of(database, user_id=user_id, company_id=company_id, session_epoch=epoch)
        if viewer is not None:
            return viewer
    if declares:
        await declare_nothing(database)
        declare(database, of_person(user_id))
    person = await person_of(database, user_id=user_id, session_epoch=epoch)
    if person is not None:
        session["company_id"] = str(await first_company_of(database, user_id) or "")
        scope["state"][MOVED] = bool(named)
    return person


def is_out_of_place(viewer: object, opt: dict[str, Any]) -> bool:
    """Say whether this is a customer in no company who asks for what belongs to one."""
    of_none = any(opt.get(option) for option in ("exclude_from_auth", "for_person", "for_either_side"))
    return isinstance(viewer, Person) and not of_none


async def lead_to_companies(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the way to the person's companies; through the session's own `send`, which keeps it."""
    request: HTMXRequest = HTMXRequest(scope, receive, send)
    address = f"{COMPANIES}?moved=true" if scope["state"].get(MOVED) else COMPANIES
    answer = redirect(request, address).to_asgi_response(app=None, request=request)
    await answer(scope, receive, send)
