"""A person's own pages in every state."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.companies.viewer import Viewer
from app.domain.people.activity import ACTIONS, AREAS, Event
from app.domain.people.changed_fields import ChangedField
from app.domain.people.controllers.password_reset import Request
from app.domain.people.profile import Profile
from app.lib.session_directory import KnownSession
from app.lib.sessions import LASTS_FOR
from tests.architecture import samples
from tests.architecture.case import Case

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def password_reset_cases() -> Iterator[Case]:
    """Yield what somebody without a password sees on the way to a new one."""
    template, path, form = "accounts/password_reset.html.j2", "/password-reset", Request("ada@acme.com.tr")
    refused: tuple[str | None, ...]
    for refused in ((), ("email",), (None,)):
        errors = {name: samples.refusal(name) for name in refused}
        context: dict[str, Any] = {"form": form, "sent_to": None, "errors": errors}
        yield Case(f"reset-{len(errors)}", template, path, None, context, blocks=("reset_form",))
    sent = {"form": form, "sent_to": samples.RAW_NAME, "errors": {}}
    yield Case("reset-sent", template, path, None, sent, blocks=("reset_form",))
    for refused in ((), ("password",)):
        errors = {name: samples.refusal(name) for name in refused}
        context = {"token": "t.t", "errors": errors}
        yield Case("new-password", "accounts/new_password.html.j2", f"{path}/t.t", None, context)


def activity_cases(viewer: Viewer) -> Iterator[Case]:
    """Yield a company's trail with every action, empty, and with days that cannot be read."""
    facts: tuple[dict[str, Any], ...] = (
        {"plan": "team", "amount": 297_000, "currency": "TRY"},
        {"brand": "VISA", "last_four": "4242"},
        {"name": samples.RAW_NAME},
    )
    people = (samples.RAW_NAME, None)
    events = [
        Event(
            samples.identifier(action),
            AT,
            action,
            ("user", "paytr", "system", "operator")[number % 4],
            people[number % 2],
            "203.0.113.7" if number % 3 else None,
            dict(facts[number % 3]),
        )
        for number, action in enumerate(ACTIONS)
    ]
    common: dict[str, Any] = {
        "typed": {"from": "2026-10-23", "to": "2026-11-22", "area": "money"},
        "areas": {name: title for name, (title, _) in AREAS.items()},
    }
    changed = [ChangedField("Legal name", "–", samples.RAW_NAME), ChangedField("Phone", "not kept", "–")]
    rows = [
        (event, event.person or "PayTR", event.about("tr"), changed[: index % 3])
        for index, event in enumerate(events)
    ]
    states: dict[str, dict[str, Any]] = {
        "full": {"rows": rows, "behind": events[-1].id, "errors": {}},
        "empty": {"rows": [], "behind": None, "errors": {}},
        "refused": {"rows": [], "behind": None, "errors": {"from": samples.refusal("from")}},
    }
    for name, context in states.items():
        path = "/company/audit"
        yield Case(f"activity-{name}", "company/activity.html.j2", path, viewer, common | context)


def account_cases(viewer: Viewer) -> Iterator[Case]:
    """Yield profile, password and sessions, as they are opened, kept and refused."""
    fields: tuple[str, ...]
    for fields in ((), ("full_name", "language", "color_scheme")):
        errors = {name: samples.refusal(name) for name in fields}
        form = Profile(samples.RAW_NAME, "tr", "auto")
        context: dict[str, Any] = {"form": form, "saved": not fields, "errors": errors}
        yield Case("profile", "accounts/profile.html.j2", "/account", viewer, context)
    for fields in ((), ("current", "password")):
        errors = {name: samples.refusal(name) for name in fields}
        context = {"changed": not fields, "errors": errors}
        yield Case(
            "password",
            "accounts/password.html.j2",
            "/account/password",
            viewer,
            context,
            blocks=("password_form",),
        )
    known = [
        (
            KnownSession(str(number), AT, AT + timedelta(hours=1), address, "", AT + LASTS_FOR, number == 0),
            *device,
        )
        for number, (address, device) in enumerate(
            (
                ("203.0.113.7", ("Firefox", "Linux")),
                ("2001:db8::17", (None, "iPhone")),
                ("", (None, None)),
            )
        )
    ]
    for sessions in (known, known[:1]):
        yield Case(
            "sessions",
            "accounts/sessions.html.j2",
            "/account/sessions",
            viewer,
            {"sessions": sessions},
            blocks=("session_list",),
        )
