"""Every request gets an id, a client address, a language, one log line and a measurement."""

import logging
import re
import secrets
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Histogram

from app.lib.i18n import DEFAULT_LANGUAGE, language_from
from app.lib.settings import Settings
from app.lib.templating import current_language

LANGUAGE_COOKIE = "language"
REQUEST_ID = re.compile(r"^[A-Za-z0-9-]{8,64}$")
HEADERS_READ = frozenset({b"x-request-id", b"x-forwarded-for", b"cookie", b"accept-language"})
QUIET_PATHS = ("/static/", "/health/", "/metrics")
log = structlog.stdlib.get_logger("request")
is_told = logging.getLogger("request")

request_seconds = Histogram(
    "tezgah_request_seconds",
    "Time from the first byte in to the last byte out",
    ("method", "route", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


class RequestContext:
    """The outermost layer: what all others may rely on."""

    def __init__(self, settings: Settings, next_app: ASGIApp) -> None:
        self._next = next_app
        self._trusted = frozenset(
            part.strip() for part in settings.trusted_proxies.split(",") if part.strip()
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Bind the context, pass the request on, then log and measure it."""
        if scope["type"] != ScopeType.HTTP:
            await self._next(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"] if name in HEADERS_READ}
        request_id = self._request_id(scope, headers)
        address = client_address(scope, headers, self._trusted)
        scope["state"]["client_address"] = address
        scope["state"]["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id, client_address=address)
        current_language.set(language_of(headers))
        started = time.perf_counter()
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self._next(scope, receive, send_with_id)
        finally:
            self._finish(scope, status, time.perf_counter() - started)

    def _request_id(self, scope: Scope, headers: Mapping[bytes, str]) -> str:
        given = headers.get(b"x-request-id", "")
        return given if peer(scope) in self._trusted and REQUEST_ID.match(given) else secrets.token_hex(16)

    @staticmethod
    def _finish(scope: Scope, status: int, seconds: float) -> None:
        handler: Any = scope.get("route_handler")
        route = scope.get("path_template") or (sorted(handler.paths)[0] if handler else "unmatched")
        method = str(scope.get("method", ""))
        timer(method, route, status).observe(seconds)
        if is_told.isEnabledFor(logging.INFO) and not scope["path"].startswith(QUIET_PATHS):
            log.info(
                "request",
                method=method,
                route=route,
                status=status,
                milliseconds=round(seconds * 1000, 1),
            )


@lru_cache(maxsize=2_000)
def timer(method: str, route: str, status: int) -> Histogram:
    """Return the measure of one kind of answer; finding it costs more than adding to it."""
    return request_seconds.labels(method, route, str(status))


def peer(scope: Scope) -> str:
    """Return the address at the other end of the connection."""
    client = scope.get("client")
    return client[0] if client else ""


def client_address(scope: Scope, headers: Mapping[bytes, str], trusted: frozenset[str]) -> str:
    """Return the client's address, believing `X-Forwarded-For` only from trusted hops, from the right."""
    hops = [hop.strip() for hop in headers.get(b"x-forwarded-for", "").split(",") if hop.strip()]
    address = peer(scope)
    while address in trusted and hops:
        address = hops.pop()
    return address or "0.0.0.0"  # noqa: S104 a placeholder, nothing listens on it


def language_of(headers: Mapping[bytes, str]) -> str:
    """Return the visitor's language: their cookie, then their browser's wish, then Turkish."""
    if b"cookie" not in headers and b"accept-language" not in headers:
        return DEFAULT_LANGUAGE  # a machine
    cookies = dict(part.strip().partition("=")[::2] for part in headers.get(b"cookie", "").split(";"))
    return language_from(headers.get(b"accept-language"), cookies.get(LANGUAGE_COOKIE))
