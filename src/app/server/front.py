"""What stands before the router: requests for another host are turned away, and HEAD is answered as GET."""

from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from app.lib.i18n import N_, translate
from app.lib.settings import Settings, is_local
from app.lib.templating import current_language

OF_ANY_HOST = ("/edge/", "/health/", "/metrics", "/static/")
"""What machines ask for under other names: Traefik for a workspace's host, probes by an address."""
NOT_OURS = N_("This address is not served here.")


class Application(Litestar):
    """Litestar, which answers every HEAD as its GET without the body (RFC 9110 §9.3.2).

    A HEAD has no body and waits for none: whoever listens for its end, as a stream does, hears it at once.
    """

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Take a HEAD as a GET, and pass its answer on without a body."""
        if scope["type"] != ScopeType.HTTP or scope["method"] != "HEAD":
            await super().__call__(scope, receive, send)
            return
        was_read = has_begun = has_ended = False

        async def receive_nothing() -> Any:
            nonlocal was_read
            if was_read:
                return {"type": "http.disconnect"}
            was_read = True
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send_without_body(message: Message) -> None:
            nonlocal has_begun, has_ended
            if message["type"] == "http.response.start":
                has_begun = True
                await send(message)
            elif message["type"] == "http.response.body" and not message["more_body"]:
                has_ended = True
                await send({**message, "body": b""})

        # a copy, since the server goes on reading the method of its own
        as_get: Any = {**scope, "method": "GET"}
        await super().__call__(as_get, receive_nothing, send_without_body)
        if has_begun and not has_ended:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


class KnownHosts:
    """Serves pages for the host of TEZGAH_PUBLIC_URL alone, so that no other name leads to them.

    Nothing of ours is built from the `Host` header; this keeps caches and browsers from believing one either.
    Outside production this machine's own names do too.
    """

    def __init__(self, settings: Settings, next_app: ASGIApp) -> None:
        self._next = next_app
        self._host = urlsplit(settings.base_url).hostname
        self._takes_local = not settings.is_production
        self._is_ours = lru_cache(maxsize=64)(self._read)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is for us, and refuse the rest: 421 (RFC 9110 §15.5.20)."""
        if scope["type"] != ScopeType.HTTP or self._is_served(scope):
            await self._next(scope, receive, send)
            return
        sentence = translate(current_language.get(), NOT_OURS).encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(sentence)),
        ]
        await send(
            {"type": "http.response.start", "status": HTTPStatus.MISDIRECTED_REQUEST, "headers": headers}
        )
        await send({"type": "http.response.body", "body": sentence, "more_body": False})

    def _is_served(self, scope: Scope) -> bool:
        if scope["path"].startswith(OF_ANY_HOST):
            return True
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        return len(hosts) == 1 and self._is_ours(hosts[0])

    def _read(self, header: bytes) -> bool:
        """Say whether a `Host` header names us; whoever asks often is asked once (`_is_ours`)."""
        host = header.decode("latin-1")
        try:
            parts = urlsplit(f"//{host}")
        except ValueError:
            return False
        if parts.netloc != host or "@" in host:
            return False
        return parts.hostname == self._host or (self._takes_local and is_local(f"//{host}"))
