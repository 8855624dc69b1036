"""A person's address in every state: unconfirmed, confirmed, and on its way to another one."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from app.db.models import EmailChange, EmailChangeOutcome, Role, User
from app.domain.companies.viewer import Viewer
from app.domain.people.controllers.email_change import NewAddress
from app.domain.people.email_change import Visit
from app.domain.people.email_letters import Side
from tests.architecture import samples
from tests.architecture.case import Case

NEW = "ada.caliskan@acme.com.tr"


def unverified(role: Role, language: str, state: str | None = None) -> Viewer:
    """Return somebody whose address is not confirmed, in a company whose subscription stands so."""
    subscription = samples.subscriptions(samples.NOW)[state] if state else None
    viewer = samples.viewer(role, language, subscription)
    viewer.user.email_verified_at = None
    return viewer


def change_of(user: User, **facts: Any) -> EmailChange:
    """Return a change of a person's address."""
    return EmailChange(
        user_id=user.id,
        old_email=user.email,
        new_email=NEW,
        asked_at=samples.NOW,
        expires_at=samples.NOW + timedelta(hours=24),
        **facts,
    )


def address_cases(language: str) -> Iterator[Case]:
    """Yield what the person sees inside, what stands behind the links, and what is refused."""
    known, unknown = samples.viewer(Role.DEVELOPER, language, None), unverified(Role.OWNER, language)
    for viewer in (known, unknown):
        yield from email_cases(viewer)
        yield from link_cases(viewer.user, viewer)
        yield from change_cases(viewer.user, viewer)
    yield from link_cases(known.user, None)
    yield from change_cases(known.user, None)
    refused = {"sentence": samples.RAW_NAME}
    yield Case(
        "verify-first", "accounts/verify_first.html.j2", "/workspaces", unknown, refused, method="POST"
    )
    yield Case("verify-toast", "accounts/verify_toast.html.j2", "/workspaces", unknown, refused)
    yield Case("verification-sent", "accounts/verification_sent.html.j2", "/account", unknown, {"email": NEW})


def email_cases(viewer: Viewer) -> Iterator[Case]:
    """Yield the page in the account: to ask, refused, sent, and while the change waits."""
    fields: tuple[str, ...]
    changes = (None, change_of(viewer.user), change_of(viewer.user, new_confirmed_at=samples.NOW))
    for change in changes:
        for fields in ((), ("email", "current")):
            context: dict[str, Any] = {
                "change": change,
                "form": NewAddress('"><script>' if fields else ""),
                "sent": not fields,
                "errors": {name: samples.refusal(name) for name in fields},
            }
            yield Case(
                "email", "accounts/email.html.j2", "/account/email", viewer, context, blocks=("email_form",)
            )


def link_cases(holder: User, viewer: Viewer | None) -> Iterator[Case]:
    """Yield what stands behind the link that confirms an address."""
    for found in (holder, None):
        errors = {} if found else {None: samples.refusal(None)}
        context = {"holder": found, "token": "t.t", "errors": errors}
        yield Case(
            "verify",
            "accounts/verify.html.j2",
            "/email-verification/t.t",
            viewer,
            context,
            blocks=("verification",),
        )


def change_cases(user: User, viewer: Viewer | None) -> Iterator[Case]:
    """Yield what stands behind the links of a change, on both sides and however it ended."""
    ended: tuple[dict[str, Any], ...] = tuple(
        {"outcome": outcome, "ended_at": samples.NOW}
        for outcome in EmailChangeOutcome
        if outcome is not EmailChangeOutcome.WITHDRAWN
    )
    confirmed = {"old_confirmed_at": samples.NOW, "new_confirmed_at": samples.NOW}
    visits = [
        Visit(change_of(user, **facts), user, side) for side in Side for facts in ({}, confirmed, *ended)
    ]
    for visit in (*visits, None):
        errors = {} if visit else {None: samples.refusal(None)}
        context = {"visit": visit, "token": "t.t", "errors": errors}
        yield Case(
            f"email-change-{visit.state if visit else 'useless'}",
            "accounts/email_change.html.j2",
            "/email-change/t.t",
            viewer,
            context,
            blocks=("change",),
        )
