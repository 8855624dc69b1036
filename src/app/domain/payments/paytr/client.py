"""PayTR over HTTP: two calls, a time limit on each, nothing repeated but a read."""

import asyncio
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import httpx
import stamina

from app.domain.payments.gateway import GatewayUnreachable
from app.domain.payments.paytr.credentials import PaytrCredentials
from app.domain.payments.paytr.messages import (
    FRAME_PATH,
    GET_TOKEN_PATH,
    SCRIPT_PATH,
    STATUS_PATH,
    frame_form,
    read_inquiry,
    read_token,
    status_form,
)
from app.domain.payments.values import FrameRequest, FrameToken, Inquiry

# The limits of PayTR's own samples and modules, in seconds.
TOKEN_LIMIT: Final = 20.0
TOKEN_CONNECT: Final = 10.0
STATUS_LIMIT: Final = 15.0
STATUS_CONNECT: Final = 5.0
STATUS_ATTEMPTS: Final = 3


class PaytrGateway:
    """The `PaymentGateway` that talks to PayTR, or to the sandbox, at `base_url`.

    The HTTP client is the caller's, who closes it. Key and salt stay inside `credentials`.
    """

    def __init__(self, credentials: PaytrCredentials, base_url: str, http: httpx.AsyncClient) -> None:
        self._credentials = credentials
        self._base_url = base_url.rstrip("/")
        self._http = http

    async def request_frame(self, request: FrameRequest) -> FrameToken:
        """Ask for a token, once: PayTR has no idempotency, and an oid may be used up by the first try."""
        form = frame_form(self._credentials, request)
        body = await self._post(GET_TOKEN_PATH, form, limit=TOKEN_LIMIT, connect=TOKEN_CONNECT)
        token = read_token(body)
        return FrameToken(
            token=token,
            frame_url=f"{self._base_url}{FRAME_PATH}/{quote(token, safe='')}",
            script_url=f"{self._base_url}{SCRIPT_PATH}",
        )

    @stamina.retry(on=GatewayUnreachable, attempts=STATUS_ATTEMPTS, wait_initial=0.2, wait_max=2.0)
    async def inquire(self, merchant_oid: str) -> Inquiry:
        """Ask for the status; tried again when no answer came, since asking changes nothing."""
        form = status_form(self._credentials, merchant_oid)
        return read_inquiry(await self._post(STATUS_PATH, form, limit=STATUS_LIMIT, connect=STATUS_CONNECT))

    async def _post(self, path: str, form: Mapping[str, str], *, limit: float, connect: float) -> str:
        timeout = httpx.Timeout(limit, connect=connect)
        try:
            # httpx limits each step; the outer limit also ends an answer that drips in.
            async with asyncio.timeout(limit):
                response = await self._http.post(
                    f"{self._base_url}{path}", data=dict(form), timeout=timeout, follow_redirects=False
                )
        except (httpx.HTTPError, TimeoutError) as error:
            raise GatewayUnreachable(f"{path}: {type(error).__name__}") from error
        # PayTR documents no HTTP status for errors: whatever it is, the body says what happened.
        return response.text
