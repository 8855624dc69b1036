"""Who comes through the edge: tickets, the workspace's own cookie, and the one decision.

Traefik asks before every request to a workspace's host. The app's session cookie never goes there:
the app gives a one-time ticket, the workspace's host turns it into a cookie of its own, and what the
workspace itself gets to see is neither of them but the secret that opens its editor.
"""

import hashlib
import secrets
from datetime import datetime
from uuid import UUID

import msgspec
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Workspace, WorkspaceStatus
from app.domain.accounts.cookies import WORKSPACE, WORKSPACE_KEPT
from app.domain.subscriptions.entitlement import entitlement_of
from app.domain.workspaces import queries
from app.domain.workspaces.drivers.base import EDITOR_COOKIE
from app.domain.workspaces.names import label_of
from app.domain.workspaces.permissions import OF_SOMEBODY_ELSE, may_operate
from app.lib.crypto import Keys, derive_secret, seal, unseal
from app.lib.errors import NotAllowed, Unavailable
from app.lib.i18n import N_

COOKIE = WORKSPACE
COOKIE_LIFE = WORKSPACE_KEPT
TICKET_SECONDS = 60
TICKET_PATH = "/.tezgah/ticket/"
PURPOSE = "workspace-cookie"


class Pass(msgspec.Struct, frozen=True):
    """Whom the app has let into which workspace; ends with the sessions of that person's epoch."""

    workspace_id: UUID
    user_id: UUID
    session_epoch: int


class NoPass(Exception):
    """Nobody known stands before the edge: a person may fetch a ticket, a program may not."""


def editor_secret(keys: Keys, workspace_id: UUID) -> str:
    """Return the secret between the edge and one workspace's editor; it is nowhere stored."""
    return derive_secret(keys, f"workspace-editor|{workspace_id}")


def cookie_name(*, is_https: bool) -> str:
    """Return the cookie's name; over https no other workspace of the domain can plant one of this name."""
    return f"__Host-{COOKIE}" if is_https else COOKIE


async def issue_ticket(redis: Redis, entry: Pass) -> str:
    """Return a ticket that is good once, within a minute, on the workspace's own host."""
    ticket = secrets.token_urlsafe(32)
    await redis.set(_ticket_key(ticket), msgspec.json.encode(entry), ex=TICKET_SECONDS)
    return ticket


async def redeem_ticket(redis: Redis, ticket: str) -> Pass:
    """Return what a ticket is for, and end it; raise `NoPass` when it was used, is too old or made up."""
    stored = await redis.getdel(_ticket_key(ticket))
    if stored is None:
        raise NoPass
    return msgspec.json.decode(stored, type=Pass)


def seal_pass(keys: Keys, entry: Pass, at: datetime) -> str:
    """Return the value of the workspace's cookie."""
    text = msgspec.json.encode(entry).decode()
    return seal(keys, PURPOSE, text, expires_at=at + COOKIE_LIFE)


def unseal_pass(keys: Keys, sealed: str | None, at: datetime) -> Pass:
    """Return what the cookie says; raise `NoPass` when there is none or it cannot be trusted."""
    text = unseal(keys, PURPOSE, sealed, at=at) if sealed else None
    if text is None:
        raise NoPass
    return msgspec.json.decode(text, type=Pass)


async def require_entry(session: AsyncSession, entry: Pass, label: str, at: datetime) -> Workspace:
    """Return the workspace of this host if this person may use it now. One query.

    Raises `NoPass` where logging in again may help, `NotAllowed` where it does not, `Unavailable` where the
    workspace does not run: a stale route would lead to whoever has its port by now.
    """
    facts = await queries.edge_facts(session, workspace_id=entry.workspace_id, user_id=entry.user_id)
    if facts is None or label_of(facts.workspace.name, facts.company.slug) != label:
        raise NoPass
    if facts.session_epoch != entry.session_epoch or facts.lacks_two_factor:
        raise NoPass
    if facts.role is None or not may_operate(facts.role):
        raise NotAllowed(N_("You are not a member who works with the workspaces of this company."))
    if facts.workspace.owner_id != entry.user_id:
        raise NotAllowed(OF_SOMEBODY_ELSE)
    entitlement_of(facts.subscription, facts.clock_at or at).require_running()
    if facts.workspace.status is not WorkspaceStatus.READY:
        raise Unavailable(N_("This workspace is not running."))
    return facts.workspace


def cookies_for_editor(header: str, secret: str) -> str:
    """Return the `Cookie` header as the workspace gets it: without our pass, with its editor's secret.

    A secret sent by the browser itself is dropped, so that there is exactly one.
    """
    ours = {COOKIE, f"__Host-{COOKIE}", EDITOR_COOKIE}
    pairs = (pair.strip() for pair in header.split(";"))
    kept = [pair for pair in pairs if pair and pair.partition("=")[0].strip() not in ours]
    return "; ".join([*kept, f"{EDITOR_COOKIE}={secret}"])


def _ticket_key(ticket: str) -> str:
    # The digest: whoever reads Redis' keys must not find tickets that still work.
    return f"tezgah:ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"
