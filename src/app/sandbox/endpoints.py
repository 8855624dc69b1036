"""PayTR's server-to-server endpoints. Forms may be url-encoded or multipart: PayTR's samples send both."""

from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency

from app.domain.payments.paytr.messages import GET_TOKEN_PATH, STATUS_PATH
from app.lib.clock import now
from app.sandbox.simulator import Simulator


async def form_of(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Return the text fields of a form, the last one where a name is repeated."""
    return {name: value for name, value in (await request.form()).multi_items() if isinstance(value, str)}


@post(GET_TOKEN_PATH, status_code=200)
async def get_token(
    request: Request[Any, Any, Any], simulator: NamedDependency[Simulator]
) -> Response[dict[str, str]]:
    """Grant a payment page, or say why not."""
    return Response(simulator.get_token(await form_of(request), now()))


@post(STATUS_PATH, status_code=200)
async def status_query(
    request: Request[Any, Any, Any], simulator: NamedDependency[Simulator]
) -> Response[dict[str, Any]]:
    """Say what became of an order."""
    return Response(simulator.status(await form_of(request)))
