"""From a refusal to what the person sees: a page, a toast beside what they typed, or a way to log in."""

import errno
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect, Template
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from app.domain.accounts.legal_acceptance import ACCEPTANCE_PATH, AcceptanceMissing
from app.domain.accounts.verification import NotVerified
from app.domain.people.two_factor.letters import PATH as TWO_FACTOR_PATH
from app.domain.people.two_factor.requirement import TwoFactorMissing
from app.lib.errors import DomainError, TooMany
from app.lib.http import redirect
from app.lib.i18n import N_, translate
from app.lib.templating import current_language

log = structlog.stdlib.get_logger("error")
AnyRequest = Request[Any, Any, Any]

UNREADABLE = N_("The request could not be read. Go back, reload the page and try again.")
SENTENCES = {
    HTTPStatus.BAD_REQUEST: UNREADABLE,
    HTTPStatus.UNAUTHORIZED: N_("Log in to go on."),
    HTTPStatus.FORBIDDEN: UNREADABLE,  # a form without its token; roles are refused by their own sentence
    HTTPStatus.NOT_FOUND: N_("There is nothing at this address."),
    HTTPStatus.METHOD_NOT_ALLOWED: N_("This address does not take that kind of request."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: N_("That was too large to take."),
    HTTPStatus.UNPROCESSABLE_ENTITY: N_("Something in the form cannot be accepted."),
    HTTPStatus.TOO_MANY_REQUESTS: N_("Too many tries. Wait a minute and try again."),
    HTTPStatus.SERVICE_UNAVAILABLE: N_(
        "A part of the service does not answer right now. Try again in a minute."
    ),
}
CHARACTER_NOT_IN_REPERTOIRE = "22021"
NO_SUCH_DAY, NO_SUCH_NAME = "date value out of range", "embedded null byte"
"""What Python says of a day beyond its calendar, and of a file name that none can have."""
SERVER_FAULT = N_("Something went wrong on our side. It has been noted; try again in a minute.")


def refuse(request: AnyRequest, error: DomainError) -> Response[Any]:
    """Show a refusal by a rule with its own sentence."""
    answer = show(request, error.status, translate(current_language.get(), error.message, **error.facts))
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def refuse_unverified(request: AnyRequest, error: NotVerified) -> Response[Any]:
    """Show what waits for a confirmed address, with the button that sends its letter again."""
    name = "verify_toast" if is_htmx(request) else "verify_first"
    context = {"sentence": translate(current_language.get(), error.message, **error.facts)}
    headers = {"HX-Reswap": "none"} if is_htmx(request) else {}
    return Template(f"accounts/{name}.html.j2", context=context, status_code=error.status, headers=headers)


def refuse_http(request: AnyRequest, error: HTTPException) -> Response[Any]:
    """Show a refusal by the framework with our sentence for its status."""
    status = HTTPStatus(error.status_code)
    if isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.ENAMETOOLONG:
        status = HTTPStatus.NOT_FOUND  # no file of ours has a name that no disk could hold
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return fail(request, error)
    return show(request, status, translate(current_language.get(), SENTENCES.get(status, SERVER_FAULT)))


def ask_to_log_in(request: AnyRequest, error: NotAuthorizedException) -> Response[Any]:
    """Send a visitor to the login page and back afterwards."""
    login = f"/login?next={quote(request.url.path)}" if request.method == "GET" else "/login"
    if is_htmx(request):
        return Response(None, status_code=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": login})
    return Redirect(login, status_code=302)


def lead_to_two_factor(request: AnyRequest, error: TwoFactorMissing) -> Response[Any]:
    """Send whoever lacks the second factor that is required of them to where it is set up."""
    return redirect(request, TWO_FACTOR_PATH)


def ask_to_accept(request: AnyRequest, error: AcceptanceMissing) -> Response[Any]:
    """Ask for what is in force, and lead on afterwards."""
    wanted = f"?next={quote(request.url.path)}" if request.method == "GET" and not is_htmx(request) else ""
    return redirect(request, f"{ACCEPTANCE_PATH}{wanted}")


def unavailable(request: AnyRequest, error: Exception) -> Response[Any]:
    """Show that the database or Redis does not answer."""
    log.error("dependency.unavailable", error=type(error).__name__)
    status = HTTPStatus.SERVICE_UNAVAILABLE
    return show(request, status, translate(current_language.get(), SENTENCES[status]))


def unstorable(request: AnyRequest, error: DBAPIError) -> Response[Any]:
    """Refuse text with a character that PostgreSQL cannot hold (NUL); any other error is a fault of ours."""
    is_no_day = NO_SUCH_DAY in str(error.orig)
    if getattr(error.orig, "sqlstate", None) != CHARACTER_NOT_IN_REPERTOIRE and not is_no_day:
        return fail(request, error)
    return show(request, HTTPStatus.BAD_REQUEST, translate(current_language.get(), UNREADABLE))


def impossible(request: AnyRequest, error: ValueError | OverflowError) -> Response[Any]:
    """Refuse an address that names what cannot be; any other error of its kind is a fault of ours."""
    if str(error) not in {NO_SUCH_DAY, NO_SUCH_NAME}:
        return fail(request, error)
    status = HTTPStatus.NOT_FOUND
    return show(request, status, translate(current_language.get(), SENTENCES[status]))


def fail(request: AnyRequest, error: Exception) -> Response[Any]:
    """Note a fault of ours with its trace; show a sentence and the request id to quote."""
    log.exception("request.failed", exc_info=error)
    return show(request, HTTPStatus.INTERNAL_SERVER_ERROR, translate(current_language.get(), SERVER_FAULT))


def show(request: AnyRequest, status: HTTPStatus, sentence: str) -> Response[Any]:
    """Answer htmx with a toast and everybody else with a page."""
    context = {
        "status": int(status),
        "sentence": sentence,
        "request_id": request.scope["state"].get("request_id"),
    }
    if is_htmx(request):
        return Template(
            "errors/toast.html.j2", context=context, status_code=status, headers={"HX-Reswap": "none"}
        )
    return Template("errors/page.html.j2", context=context, status_code=status)


def is_htmx(request: AnyRequest) -> bool:
    """Say whether htmx asks for a part of a page."""
    return isinstance(request, HTMXRequest) and bool(request.htmx) and not request.htmx.boosted


EXCEPTION_HANDLERS: Any = {
    NotVerified: refuse_unverified,
    DomainError: refuse,
    NotAuthorizedException: ask_to_log_in,
    TwoFactorMissing: lead_to_two_factor,
    AcceptanceMissing: ask_to_accept,
    HTTPException: refuse_http,
    RedisError: unavailable,
    OperationalError: unavailable,
    InterfaceError: unavailable,
    DBAPIError: unstorable,
    ValueError: impossible,
    OverflowError: impossible,
    Exception: fail,
}
