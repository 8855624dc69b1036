"""Security headers: one set for every answer, and what single pages need beyond it for PayTR.

A script runs when it carries the nonce of this very answer, and not otherwise: no host is trusted, our
own neither. There is nothing inline, so no source is marked unsafe.
"""

import secrets
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from app.lib.settings import Settings
from app.lib.templating import NONCE

CHECKOUT_PATH = "/billing/checkout"
CHANGE_PATH = "/billing/plan-change"
"""Its answer may be the checkout of what the change costs; the pages below it never are."""
RETURN_PATH = "/billing/return/"
PAY_PATH, PAY_RETURN_PATH = "/pay/", "/pay/return/"
"""Whoever holds such an address may pay by it, so no other site is told of it."""
LETTER_PATHS = ("/password-reset/", "/email-verification/", "/email-change/", "/invitations/")
"""What stands behind a link in a letter to one person."""
CARD_FORM_PATHS = ("/billing/cards/new", "/billing/checkout/card")
STATIC_PATH = "/static/"
POLICY = {
    "default-src": "'self'",
    "script-src": "'nonce-{nonce}'",
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
COMMON = {
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": (
        "camera=(), microphone=(), geolocation=(), display-capture=(), payment=(), usb=(), serial=(), hid=()"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
UNNAMED = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}
TRANSPORT = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
"""Over https alone; the workspaces' hosts are below ours or have Traefik's own."""
ENCODED = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class HeaderSet:
    """The headers of some pages; the policy has a place for each answer's nonce."""

    fixed: ENCODED
    before_nonce: bytes
    after_nonce: bytes

    def with_nonce(self, nonce: str) -> ENCODED:
        """Return them for one answer."""
        policy = self.before_nonce + nonce.encode() + self.after_nonce
        return [*self.fixed, (b"content-security-policy", policy)]


class SecurityHeaders:
    """Adds the headers to every response that has not set its own."""

    def __init__(self, settings: Settings, paytr_base_url: str, next_app: ASGIApp) -> None:
        self._next = next_app
        gateway = origin_of(paytr_base_url)
        self._known = lru_cache(maxsize=1024)(self.headers_for)
        common = COMMON | (TRANSPORT if settings.is_https else {})
        unnamed = common | UNNAMED
        self._common = header_set(common)
        checkout = header_set(common, content_security_policy(frames=gateway))
        self._by_path = {
            # the first that fits counts: some stand below another
            STATIC_PATH: header_set(common | {"Cross-Origin-Resource-Policy": "cross-origin"}),
            **dict.fromkeys(CARD_FORM_PATHS, header_set(common, content_security_policy(posts_to=gateway))),
            f"{CHANGE_PATH}/": self._common,
            **dict.fromkeys((CHECKOUT_PATH, CHANGE_PATH), checkout),
            RETURN_PATH: header_set(common, content_security_policy(framed_by=gateway)),
            PAY_RETURN_PATH: header_set(unnamed, content_security_policy(framed_by=gateway)),
            PAY_PATH: header_set(unnamed, content_security_policy(frames=gateway)),
            **dict.fromkeys(LETTER_PATHS, header_set(unnamed)),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give the page its nonce, pass the request on, and complete the response's headers."""
        if scope["type"] != ScopeType.HTTP:
            await self._next(scope, receive, send)
            return
        nonce = scope["state"][NONCE] = secrets.token_urlsafe(16)
        headers = self._known(scope["path"]).with_nonce(nonce)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                missing = [header for header in headers if header[0] not in present]
                message["headers"] = [*message["headers"], *missing]
            await send(message)

        await self._next(scope, receive, send_with_headers)

    def headers_for(self, path: str) -> HeaderSet:
        """Return the set of the pages at this address."""
        return next((found for start, found in self._by_path.items() if path.startswith(start)), self._common)


def header_set(headers: dict[str, str], policy: str | None = None) -> HeaderSet:
    """Return headers as ASGI sends them, names in lower case."""
    fixed = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    before, _, after = (policy or content_security_policy()).partition("{nonce}")
    return HeaderSet(fixed, before.encode(), after.encode())


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
    if framed_by:
        policy["frame-ancestors"] = f"'self' {framed_by}"
    if posts_to:
        policy["form-action"] = f"'self' {posts_to}"
    return "; ".join(f"{name} {value}" for name, value in policy.items())


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
