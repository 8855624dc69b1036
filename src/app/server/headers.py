"""Security headers: one set for every page, with the checkout's one exception."""

from urllib.parse import urlsplit

from litestar.datastructures import MutableScopeHeaders
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
        self._common = {
            "Content-Security-Policy": content_security_policy(),
            "Referrer-Policy": "strict-origin-when-cross-origin",
            "X-Content-Type-Options": "nosniff",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(self)",
            "Cross-Origin-Opener-Policy": "same-origin",
        }
        if settings.is_https:
            self._common["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        self._checkout = {
            **self._common,
            "Content-Security-Policy": content_security_policy(gateway=origin_of(paytr_base_url)),
        }

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Pass the request on and complete the response's headers."""
        headers = self._checkout if scope["path"].startswith(CHECKOUT_PATHS) else self._common

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = MutableScopeHeaders.from_message(message)
                for name, value in headers.items():
                    if name not in present:
                        present[name] = value
                if "Cache-Control" not in present:
                    present["Cache-Control"] = "no-store"
            await send(message)

        await next_app(scope, receive, send_with_headers)


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
