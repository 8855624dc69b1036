"""What stands between a request and its handler: each gate reads the handler's options and may refuse.

A guard of the framework would say the same, but it copies the connection for each guard, on every request.
"""

from collections.abc import Mapping
from typing import Any

from litestar.exceptions import NotAuthorizedException
from litestar.types import Scope

from app.domain.accounts.legal_acceptance import AcceptanceMissing, is_asked
from app.domain.accounts.operators import Operator
from app.domain.accounts.verification import require_verified
from app.domain.companies.viewer import Viewer
from app.domain.people.two_factor.requirement import TwoFactorMissing, lacks_two_factor
from app.lib.errors import NotAllowed
from app.lib.i18n import N_
from app.lib.settings import Settings
from app.lib.throttles import Throttle
from app.server.customers import Somebody
from app.server.support import looks_as_support, require_support_reach

Options = Mapping[str, Any]
BEFORE_TERMS = ("exclude_from_auth", "before_acceptance", "before_two_factor")
"""Options of handlers that are open before what is in force was accepted."""


def may_enter(viewer: Somebody, opt: Options, settings: Settings) -> bool:
    """Say whether somebody may be themselves here, who may lack the second factor that is required of them.

    Raises `TwoFactorMissing` on private pages; a public one is shown to them as to any visitor.
    """
    if opt.get("before_two_factor") or not lacks_two_factor(viewer, settings):
        return True
    if not opt.get("exclude_from_auth"):
        raise TwoFactorMissing
    return False


def require_login(viewer: Somebody | None, opt: Options) -> None:
    """Ask strangers to log in, unless the page is everybody's; keep customers and operators apart."""
    if opt.get("exclude_from_auth"):
        return
    if viewer is None:
        raise NotAuthorizedException
    if not opt.get("for_either_side"):
        _require_side(viewer, for_operators=bool(opt.get("for_operators")))


def require_terms(viewer: Somebody | None, opt: Options) -> None:
    """Raise `AcceptanceMissing` for who belongs to a company and has not accepted what is in force.

    A second factor that is required comes first.
    """
    is_open = any(
        opt.get(option) for option in ("exclude_from_auth", "before_acceptance", "before_two_factor")
    )
    if not is_open and isinstance(viewer, Viewer) and not looks_as_support(viewer) and is_asked(viewer.user):
        raise AcceptanceMissing


def require_reach(scope: Scope) -> None:
    """Refuse what support may not do in a company's place, and what waits for a confirmed address."""
    require_support_reach(scope)
    viewer = scope["user"]
    if scope["route_handler"].opt.get("for_verified") and not looks_as_support(viewer):
        require_verified(viewer.user)


async def take_try(viewer: Somebody | None, opt: Options, throttle: Throttle) -> None:
    """Count one try where a company's people may do this so often together. Raises `TooMany`."""
    if "limit" in opt and isinstance(viewer, Viewer):
        await throttle.take(opt["limit"], str(viewer.company.id))


def _require_side(viewer: Somebody, *, for_operators: bool) -> None:
    """Refuse customers the console, and operators what belongs to a company."""
    if isinstance(viewer, Operator) and viewer.support_is_over and not for_operators:
        raise NotAllowed(N_("Your support access to this company is over."))
    if isinstance(viewer, Operator) and not for_operators:
        raise NotAllowed(N_("This page belongs to a company. You are logged in as an operator."))
    if for_operators and not isinstance(viewer, Operator):
        raise NotAllowed(N_("Only operators of the service see this page."))
