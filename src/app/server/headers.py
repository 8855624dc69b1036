"""Security headers: one set for every page, with the checkout's one exception."""

from urllib.parse import urlsplit

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from app.lib.settings import Settings

CHECKOUT_PATHS = ("/billing/checkout",)
POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "frame-src": "'none'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


class SecurityHeaders(ASGIMiddleware):
    """Adds the headers to every response that has not set its own."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, settings: Settings, paytr_base_url: str) -> None:
        common = {
            "Content-Security-Policy": content_security_policy(),
            "Referrer-Policy": "strict-origin-when-cross-origin",
            "X-Content-Type-Options": "nosniff",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(self)",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
        if settings.is_https:
            common["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        policy = content_security_policy(gateway=origin_of(paytr_base_url))
        self._common = encoded(common)
        self._checkout = encoded({**common, "Content-Security-Policy": policy})

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Pass the request on and complete the response's headers."""
        headers = self._checkout if scope["path"].startswith(CHECKOUT_PATHS) else self._common

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                missing = [header for header in headers if header[0] not in present]
                message["headers"] = [*message["headers"], *missing]
            await send(message)

        await next_app(scope, receive, send_with_headers)


def encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """Return headers as ASGI sends them, names in lower case."""
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def content_security_policy(gateway: str | None = None) -> str:
    """Return the policy; with a gateway the page may show its frame and load its resizer.

    Banks' 3-D Secure pages load inside that frame from hosts nobody lists, hence `https:` in
    `frame-src` (paytr.md §4.1).
    """
    policy = dict(POLICY)
    if gateway:
        policy["frame-src"] = f"{gateway} https:"
        policy["script-src"] = f"'self' {gateway}"
    return "; ".join(f"{name} {value}" for name, value in policy.items())


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
