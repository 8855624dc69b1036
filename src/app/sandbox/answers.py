"""What happens to PayTR's answers on their way back: late, lost, broken, or after the callback.

Wraps every endpoint a merchant's server calls; the endpoints know nothing of it.
"""

import asyncio
import json
from typing import Any, Final

from litestar import Request
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from app.domain.payments.paytr.messages import GET_TOKEN_PATH
from app.sandbox.endpoints import form_of
from app.sandbox.faults import Fault
from app.sandbox.simulator import Simulator

CHARGE_PATH: Final = "/odeme"
REFUND_PATH: Final = "/odeme/iade"
EARLY_LIMIT: Final = 5.0
POLL_SECONDS: Final = 0.01
MAINTENANCE: Final = b"<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1><hr>nginx"

_KEYS: Final = ("reference_no", "merchant_oid", "utoken", "bin_number", "request_id", "start_date", "date")


class FaultyAnswers(ASGIMiddleware):
    """Lets the faults of a request strike its answer."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        form = await _signed_form(scope, receive, send)
        if form is None:
            await next_app(scope, receive, send)
            return
        path = scope["path"].rstrip("/")
        merchant_oid = form.get("merchant_oid", "")
        faults = self._simulator.faults.answer_faults(path, _key(form), merchant_oid)
        if Fault.SERVER_ERROR in faults:
            await _answer(send, 502, MAINTENANCE)
            return
        answer = _Answer()
        await next_app(scope, receive, answer.keep)
        if path in {GET_TOKEN_PATH, CHARGE_PATH}:
            await self._let_callback_pass(merchant_oid)
        if Fault.SLOW in faults:
            await asyncio.sleep(self._simulator.config.slow_seconds)
        await self._give(answer, send, path, faults, _key(form))

    async def _give(
        self, answer: "_Answer", send: Send, path: str, faults: frozenset[Fault], key: str
    ) -> None:
        half_done = Fault.REFUND_HALF_DONE in faults and path == REFUND_PATH and answer.is_success
        if half_done and self._simulator.faults.chance("half done", key) < 0.5:
            await _answer(send, 500, MAINTENANCE)
        elif half_done or Fault.LOST_ANSWER in faults:
            await _cut(send)
        elif Fault.NOT_JSON in faults:
            await _answer(send, 200, MAINTENANCE)
        else:
            for message in answer.messages:
                await send(message)

    async def _let_callback_pass(self, merchant_oid: str) -> None:
        """Hold the answer until the callback of an early order has reached the merchant once."""
        order = self._simulator.book.find(merchant_oid)
        if order is None or not self._simulator.faults.strikes(Fault.EARLY, merchant_oid):
            return
        for _ in range(int(EARLY_LIMIT / POLL_SECONDS)):
            if not any(notice.is_owed and not notice.is_held for notice in order.notices):
                return
            if any(notice.attempts for notice in order.notices):
                return
            await asyncio.sleep(POLL_SECONDS)


class _Answer:
    """The messages of one answer, kept instead of sent."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def keep(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def is_success(self) -> bool:
        """Whether PayTR did what was asked."""
        body = b"".join(
            message["body"] for message in self.messages if message["type"] == "http.response.body"
        )
        return bool(json.loads(body)["status"] == "success")


async def _signed_form(scope: Scope, receive: Receive, send: Send) -> dict[str, str] | None:
    # What carries a token comes from a merchant's server or for one; pages and levers do not.
    if scope.get("method") != "POST" or not scope["path"].startswith(("/odeme", "/rapor")):
        return None
    request: Request[Any, Any, Any] = Request(scope, receive=receive, send=send)
    form = await form_of(request)
    return form if "paytr_token" in form else None


def _key(form: dict[str, str]) -> str:
    return next((form[name] for name in _KEYS if form.get(name)), "")


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"text/html"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _cut(send: Send) -> None:
    # An answer that promises a body and ends without it: the server closes the connection.
    headers = [(b"content-type", b"application/json"), (b"content-length", b"64")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
