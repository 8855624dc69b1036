"""The one way to PayTR: a form out, a text back, a time limit per endpoint, and no repetition."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from app.domain.payments.gateway import GatewayUnreachable
from app.domain.payments.paytr.messages import paths


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address below PayTR's host, with its limits in seconds: whole answer, and connecting."""

    path: str
    limit: float
    connect: float = 10.0


# The limits of PayTR's own samples and modules.
GET_TOKEN: Final = Endpoint(paths.GET_TOKEN_PATH, limit=20)
CHARGE: Final = Endpoint(paths.PAYMENT_PATH, limit=20)
CARD_LIST: Final = Endpoint(paths.CARD_LIST_PATH, limit=20)
CARD_DELETE: Final = Endpoint(paths.CARD_DELETE_PATH, limit=20)
BIN: Final = Endpoint(paths.BIN_PATH, limit=20)
RATES: Final = Endpoint(paths.RATES_PATH, limit=90, connect=30)
REFUND: Final = Endpoint(paths.REFUND_PATH, limit=90, connect=30)
STATUS: Final = Endpoint(paths.STATUS_PATH, limit=15, connect=5)
TRANSACTIONS: Final = Endpoint(paths.TRANSACTIONS_PATH, limit=90, connect=30)
PAYOUTS: Final = Endpoint(paths.PAYOUTS_PATH, limit=90, connect=30)
PAYOUT_DETAIL: Final = Endpoint(paths.PAYOUT_DETAIL_PATH, limit=90, connect=30)


class Transport:
    """Posts forms to PayTR, or to the sandbox, at `base_url`. The HTTP client is the caller's to close."""

    def __init__(self, base_url: str, http: httpx.AsyncClient) -> None:
        self.base_url = base_url.rstrip("/")
        self._http = http

    async def post(self, endpoint: Endpoint, form: Mapping[str, str]) -> str:
        """Post once and return the body. Raises `GatewayUnreachable` when none came in time."""
        timeout = httpx.Timeout(endpoint.limit, connect=endpoint.connect)
        try:
            # httpx limits each step; the outer limit also ends an answer that drips in.
            async with asyncio.timeout(endpoint.limit):
                response = await self._http.post(
                    f"{self.base_url}{endpoint.path}",
                    data=dict(form),
                    timeout=timeout,
                    follow_redirects=False,
                )
        except (httpx.HTTPError, TimeoutError) as error:
            raise GatewayUnreachable(f"{endpoint.path}: {type(error).__name__}") from error
        # PayTR documents no HTTP status for errors: whatever it is, the body says what happened.
        return response.text
