"""Security headers: one set for every page, with exceptions for PayTR's frame and its card form."""

from urllib.parse import urlsplit

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from app.lib.settings import Settings

CHECKOUT_PATH = "/billing/checkout"
CHANGE_PATH = "/billing/plan-change"
"""Its answer may be the checkout of what the change costs; the pages below it never are."""
RETURN_PATH = "/billing/return/"
PAY_PATH, PAY_RETURN_PATH = "/pay/", "/pay/return/"
"""Whoever holds such an address may pay by it, so no other site is told of it."""
LETTER_PATHS = ("/password-reset/", "/email-verification/", "/email-change/")
"""What stands behind a link in a letter to one person."""
CARD_FORM_PATHS = ("/billing/cards/new", "/billing/checkout/card")
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


class SecurityHeaders:
    """Adds the headers to every response that has not set its own."""

    def __init__(self, settings: Settings, paytr_base_url: str, next_app: ASGIApp) -> None:
        self._next = next_app
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
        gateway = origin_of(paytr_base_url)
        self._common = encoded(common)
        card_form = encoded({**common, "Content-Security-Policy": content_security_policy(posts_to=gateway)})
        checkout = encoded({**common, "Content-Security-Policy": content_security_policy(frames=gateway)})
        unnamed = {**common, "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}
        self._by_path = {
            **dict.fromkeys(CARD_FORM_PATHS, card_form),  # first, as one of them is below the checkout's
            f"{CHANGE_PATH}/": self._common,
            **dict.fromkeys((CHECKOUT_PATH, CHANGE_PATH), checkout),
            RETURN_PATH: encoded(
                {**common, "Content-Security-Policy": content_security_policy(framed_by=gateway)}
            ),
            PAY_RETURN_PATH: encoded(
                {**unnamed, "Content-Security-Policy": content_security_policy(framed_by=gateway)}
            ),
            **dict.fromkeys(LETTER_PATHS, encoded(unnamed)),
            PAY_PATH: encoded(
                {**unnamed, "Content-Security-Policy": content_security_policy(frames=gateway)}
            ),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the response's headers."""
        if scope["type"] != ScopeType.HTTP:
            await self._next(scope, receive, send)
            return
        headers = self._headers_for(scope["path"])

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                missing = [header for header in headers if header[0] not in present]
                message["headers"] = [*message["headers"], *missing]
            await send(message)

        await self._next(scope, receive, send_with_headers)

    def _headers_for(self, path: str) -> list[tuple[bytes, bytes]]:
        for start, headers in self._by_path.items():
            if path.startswith(start):
                return headers
        return self._common


def encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """Return headers as ASGI sends them, names in lower case."""
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def content_security_policy(
    *, frames: str | None = None, framed_by: str | None = None, posts_to: str | None = None
) -> str:
    """Return the policy; the checkout frames the gateway, the way back may come up inside its frame, and
    the card form posts to it.

    Banks' 3-D Secure pages load inside that frame from hosts nobody lists, hence `https:` in
    `frame-src` (paytr.md §4.1). Every page above a framed one has to be named.
    """
    policy = dict(POLICY)
    if frames:
        policy["frame-src"] = f"{frames} https:"
        policy["script-src"] = f"'self' {frames}"
    if framed_by:
        policy["frame-ancestors"] = f"'self' {framed_by}"
    if posts_to:
        policy["form-action"] = f"'self' {posts_to}"
    return "; ".join(f"{name} {value}" for name, value in policy.items())


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
