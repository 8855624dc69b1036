"""An operator in a company's place, on each request: whose rows are seen, and what may be done."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from litestar.types import Scope

from app.db.scopes import of_company
from app.domain.accounts.operators import Operator
from app.domain.audit.service import acting_under
from app.domain.companies.support import IN_SESSION
from app.domain.companies.viewer import Viewer
from app.domain.ops.support.reach import require_looking, require_reach
from app.lib.clock import real_now


def scope_in_support(session: dict[str, Any], *, in_console: bool) -> str | None:
    """Return what an operator's transaction may see in a company's place: that company, as its owner.

    Nothing in the console, where operators look after every company.
    """
    if in_console or IN_SESSION not in session:
        return None
    return of_company(UUID(session[IN_SESSION]["company_id"]), UUID(session["user_id"]))


def looks_as_support(viewer: object) -> bool:
    """Say whether this is an operator in a company's place."""
    return isinstance(viewer, Viewer) and viewer.support is not None


def require_support_reach(scope: Scope) -> None:
    """Refuse what is closed to support, for whoever began an access; everybody else is of no concern here."""
    viewer, method, path = scope["user"], str(scope.get("method")), scope["path_template"]
    if not isinstance(viewer, (Viewer, Operator)) or viewer.support is None:
        return
    if isinstance(viewer, Operator):
        require_looking(method, path)
    else:
        is_public = bool(scope["route_handler"].opt.get("exclude_from_auth"))
        may_change = viewer.support.may_change(real_now())
        require_reach(method, path, is_public=is_public, may_change=may_change)


@contextmanager
def recorded_as(viewer: object) -> Iterator[None]:
    """Let what is recorded inside say that an operator did it, where it is one in a company's place."""
    access = viewer.support if isinstance(viewer, Viewer) else None
    with acting_under(access.id if access else None):
        yield
