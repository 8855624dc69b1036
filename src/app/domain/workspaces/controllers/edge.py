"""What Traefik asks before every request to a workspace, and where it sends those that lead nowhere."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from litestar import Controller, HttpMethod, Response, get, route
from litestar.datastructures import Cookie
from litestar.response import Redirect, Template
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.scopes import Beyond, beyond
from app.domain.workspaces import edge
from app.domain.workspaces.views import address_of
from app.lib.clock import now
from app.lib.errors import DomainError, NotAllowed, NotFound
from app.lib.http import MACHINE, AnyRequest, Injected
from app.lib.i18n import N_
from app.lib.settings import Settings

NOT_RUNNING = N_("This workspace is not running.")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request to a workspace's host, as Traefik tells of it."""

    label: str
    ticket: str
    is_navigation: bool
    """A page that a person opens, and not a part of one, a call or a websocket."""
    settings: Settings

    @classmethod
    def of(cls, request: AnyRequest, settings: Settings) -> "Visit":
        """Read the forwarded headers; they are believed from our proxies alone."""
        trusted = {address.strip() for address in settings.trusted_proxies.split(",")}
        if request.client is None or request.client.host not in trusted:
            raise NotAllowed(N_("This address is for our own proxy."))
        headers = request.headers
        host = headers.get("x-forwarded-host", "").partition(":")[0].lower()
        label, _, domain = host.partition(".")
        if domain != settings.workspace_domain.partition(":")[0]:
            raise NotFound(N_("There is nothing at this address."))
        path = headers.get("x-forwarded-uri", "/").partition("?")[0]
        ticket = path.removeprefix(edge.TICKET_PATH) if path.startswith(edge.TICKET_PATH) else ""
        return cls(label, ticket, is_navigation(headers), settings)

    def entrance(self) -> Response[Any]:
        """Send a person for a ticket, and a program away."""
        if not self.is_navigation:
            return Response("", status_code=HTTPStatus.UNAUTHORIZED, media_type="text/plain")
        return Redirect(f"{self.settings.base_url}/workspaces/open/{self.label}", status_code=302)

    def refusal(self, error: DomainError) -> Response[Any]:
        """Show a person why not; a program gets the status alone."""
        if not self.is_navigation:
            return Response("", status_code=error.status, media_type="text/plain")
        return edge_page(self.settings, error.status, error.message, **error.facts)


class EdgeController(Controller):
    """`/edge`: for Traefik only."""

    opt = MACHINE

    @get("/edge/authorize", name="edge:authorize", opt=beyond(Beyond.EDGE))
    async def authorize(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        redis: Injected[Redis],
        settings: Injected[Settings],
    ) -> Response[Any]:
        """Let a request through with what the workspace may see of it, or say where to go instead."""
        visit = Visit.of(request, settings)
        try:
            if visit.ticket:
                return await admit(visit, db_session, redis)
            return await let_through(visit, request, db_session)
        except edge.NoPass:
            return visit.entrance()
        except DomainError as refusal:
            return visit.refusal(refusal)

    @route("/edge/unavailable", http_method=list(HttpMethod), name="edge:unavailable", status_code=503)
    async def unavailable(self, settings: Injected[Settings]) -> Response[Any]:
        """Answer for a workspace that has no route: it does not exist, or does not run."""
        return edge_page(settings, HTTPStatus.SERVICE_UNAVAILABLE, NOT_RUNNING)


async def admit(visit: Visit, session: AsyncSession, redis: Redis) -> Response[Any]:
    """Turn a ticket into the host's own cookie and go to the editor."""
    at, settings = now(), visit.settings
    entry = await edge.redeem_ticket(redis, visit.ticket)
    await edge.require_entry(session, entry, visit.label, at)
    cookie = Cookie(
        key=edge.cookie_name(is_https=settings.is_https),
        value=edge.seal_pass(settings.keys, entry, at),
        max_age=int(edge.COOKIE_LIFE.total_seconds()),
        secure=settings.is_https,
        httponly=True,
        samesite="lax",
    )
    # Traefik would resolve a relative address against our own, not against the workspace's.
    editor = f"{address_of(visit.label, settings)}/"
    return Redirect(editor, status_code=302, cookies=[cookie], headers={"Referrer-Policy": "no-referrer"})


async def let_through(visit: Visit, request: AnyRequest, session: AsyncSession) -> Response[Any]:
    """Tell Traefik which cookies to pass on, and who it is."""
    at, settings = now(), visit.settings
    sealed = request.cookies.get(edge.cookie_name(is_https=settings.is_https))
    entry = edge.unseal_pass(settings.keys, sealed, at)
    workspace = await edge.require_entry(session, entry, visit.label, at)
    secret = edge.editor_secret(settings.keys.named(workspace.editor_key), workspace.id)
    headers = {
        "Cookie": edge.cookies_for_editor(request.headers.get("cookie", ""), secret),
        "X-Tezgah-User": str(entry.user_id),
    }
    return Response("", headers=headers, media_type="text/plain")


def is_navigation(headers: Any) -> bool:
    """Say whether a person opens a page; older browsers say so by what they accept alone."""
    if mode := headers.get("sec-fetch-mode"):
        return bool(mode == "navigate")
    method = headers.get("x-forwarded-method", "GET")
    return method == "GET" and "text/html" in headers.get("accept", "") and "sec-websocket-key" not in headers


def edge_page(settings: Settings, status: int, sentence: str, **facts: object) -> Template:
    """Return the page of a workspace that cannot be reached; it stands on a host without our files."""
    return Template(
        "edge/unavailable.html.j2",
        context={"status": int(status), "sentence": sentence, "facts": facts, "base_url": settings.base_url},
        status_code=status,
        headers={
            "Content-Security-Policy": (
                f"default-src 'none'; style-src {settings.base_url}; font-src {settings.base_url}; "
                f"img-src {settings.base_url}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            ),
            "Retry-After": "5",
        },
    )
