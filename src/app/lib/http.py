"""Small things every handler needs: redirects that htmx follows too, and safe ways back."""

from typing import Annotated, Any, TypeAlias, TypeVar

from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.di import Dependency
from litestar.params import SkipValidationMarker
from litestar.plugins.htmx import ClientRedirect, HTMXRequest
from litestar.response import Redirect

from app.lib.throttles import Limit

AnyRequest = Request[Any, Any, Any]

Thing = TypeVar("Thing")
Injected: TypeAlias = Annotated[Thing, Dependency(kind="named"), SkipValidationMarker()]
"""A dependency by the parameter's name, taken as it is: we built it, so nothing is gained by checking it."""

PUBLIC = {"exclude_from_auth": True}
"""Handler option: no login is needed."""
FOR_OPERATORS = {"for_operators": True}
"""Handler option: for operators alone; whatever needs a login and lacks it is for customers alone."""
FOR_EITHER_SIDE = {"for_either_side": True}
"""Handler option: for customers and operators, about themselves."""
BEFORE_ACCEPTANCE = {"before_acceptance": True}
"""Handler option: open also to whoever has still to accept what is in force, so that they may leave."""
BEFORE_TWO_FACTOR = {"before_two_factor": True}
"""Handler option: open also to whoever has still to set up the second factor that is required of them."""
FOR_PERSON = {"for_person": True}
"""Handler option: about the customer alone; open also to whoever belongs to no company."""
VERIFIED = {"for_verified": True}
"""Handler option: for people whose e-mail address is confirmed."""
MACHINE = {"exclude_from_auth": True, "exclude_from_csrf": True, "skip_session": True}
"""Handler option: called by machines; no cookie, no session, no form token."""


def limited(limit: Limit) -> dict[str, Limit]:
    """Return the handler option: a company's people may do this so often together."""
    return {"limit": limit}


def redirect(request: AnyRequest, address: str) -> Response[Any]:
    """Send the browser on after a change: 303, or `HX-Redirect` where htmx would swallow it."""
    if isinstance(request, HTMXRequest) and bool(request.htmx) and not request.htmx.boosted:
        return ClientRedirect(redirect_to=address)
    return Redirect(address, status_code=303)


def local_address(address: str | None, otherwise: str) -> str:
    """Return `address` when it is a path of ours; anything that could lead elsewhere is replaced."""
    if not address or not address.startswith("/") or address[1:2] in {"/", "\\"}:
        return otherwise
    return address if address.isprintable() and "\\" not in address else otherwise


def client_of(connection: ASGIConnection[Any, Any, Any, Any]) -> dict[str, str]:
    """Return where a request comes from and what the browser calls itself, as a session's entry has it."""
    return {
        "address": str(connection.scope["state"].get("client_address", "")),
        "agent": connection.headers.get("user-agent", ""),
    }


def address_of(request: AnyRequest) -> str:
    """Return the client's network address as the outermost layer found it."""
    return str(request.scope["state"].get("client_address", ""))
