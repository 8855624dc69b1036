"""Support access and the operators' trail in every state."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from app.db.models import AuditEntry, Role, SupportAccess, User
from app.domain.accounts.operators import Operator
from app.domain.companies.viewer import Viewer
from app.domain.ops.audit_trail import ACTORS, TrailRow
from app.domain.ops.controllers.audit import Asked
from app.domain.ops.controllers.support import Changes, Wish
from app.domain.people.changed_fields import changed_fields
from app.domain.people.support import LONGEST_REASON, MINUTES
from tests.architecture import samples
from tests.architecture.case import Case
from tests.architecture.operator_cases import company

FIELDS = ("first", "last", "company", "actor", "action", "subject", "request_id", "access")


def access(at: datetime, user: User, *, raised: bool = False, over: bool = False) -> SupportAccess:
    """Return an access that runs at `at`, or is over."""
    about = company()
    return SupportAccess(
        id=samples.identifier("access"),
        company_id=about.id,
        company=about,
        operator_id=user.id,
        operator=user,
        reason=samples.RAW_NAME,
        began_at=at - timedelta(minutes=5),
        ends_at=at + timedelta(minutes=10),
        ended_at=at if over else None,
        raised_at=at - timedelta(minutes=1) if raised else None,
        raise_reason=samples.RAW_NAME if raised else None,
    )


def support_cases(language: str, operator: Operator, at: datetime) -> Iterator[Case]:
    """Yield the pages of both sides, and a page of the company as support and as its owner sees it then."""
    user = operator.user
    both = [access(at, user), access(at, user, raised=True, over=True)]
    running = replace(operator, support=both[0])
    yield from operators_pages(running, both, at)
    yield from operators_pages(operator, [], at)
    owner = samples.viewer(Role.OWNER, language, None)
    looking = {
        "owner": replace(owner, watched=both[0]),
        "admin": samples.viewer(Role.ADMIN, language, None),
        "support": Viewer(user, owner.company, Role.OWNER, None, support=both[0]),
        "raised": Viewer(user, owner.company, Role.OWNER, None, support=access(at, user, raised=True)),
    }
    for name, viewer in looking.items():
        for accesses in (both, []):
            context = {"accesses": accesses, "at": at, "saved": not accesses}
            yield Case(f"support-{name}", "company/support.html.j2", "/company/support", viewer, context)
    yield from trail_cases(running, at)


def operators_pages(viewer: Operator, accesses: list[SupportAccess], at: datetime) -> Iterator[Case]:
    """Yield the console's own pages, as they are opened and as they are refused."""
    fields: tuple[str | None, ...]
    for fields in ((), ("company", "reason", "minutes", None)):
        errors = {name: samples.refusal(name) for name in fields}
        form = Wish('"><script>', samples.RAW_NAME, "30")
        context: dict[str, Any] = {"form": form, "errors": errors, "accesses": accesses, "at": at}
        context |= {"minutes": MINUTES, "reason_length": LONGEST_REASON}
        yield Case("support", "operator/support.html.j2", "/operator/support", viewer, context)
    for fields in ((), ("reason", "password", None)):
        errors = {name: samples.refusal(name) for name in fields}
        context = {"form": Changes(samples.RAW_NAME), "errors": errors, "reason_length": LONGEST_REASON}
        context["access"] = access(at, viewer.user)
        path = "/operator/support/changes"
        yield Case("changes", "operator/support_changes.html.j2", path, viewer, context)


def trail_cases(viewer: Operator, at: datetime) -> Iterator[Case]:
    """Yield the trail over all companies: of everybody, of nothing, and asked for in a wrong way."""
    before, after = {"legal_name": None, "role": "owner"}, {"legal_name": samples.RAW_NAME, "role": "admin"}
    rows = [
        TrailRow(
            AuditEntry(
                id=samples.identifier(actor),
                at=at,
                actor=actor,
                action="company.billing_details_changed",
                subject="TZG1",
                facts={"plan": samples.RAW_NAME} if actor == "paytr" else {},
                before=before if actor == "user" else None,
                after=after if actor == "user" else None,
                address="203.0.113.7" if actor == "user" else None,
                request_id="4f1c9a4f1c9a" if actor == "user" else None,
                support_access_id=samples.identifier("access") if actor == "operator" else None,
            ),
            company() if actor != "system" else None,
            viewer.user if actor in {"user", "operator"} else None,
        )
        for actor in ACTORS
    ]
    shown = [(row, changed_fields(row.entry.before, row.entry.after, "en")) for row in rows]
    states: tuple[tuple[list[Any], Any, tuple[str, ...]], ...] = (
        (shown, samples.identifier("behind"), ()),
        ([], None, ()),
        ([], None, ("from", "to", "access")),
    )
    for found, behind, wrong in states:
        context = {
            "typed": Asked(**{**dict.fromkeys(FIELDS, ""), "company": '"><script>', "actor": "user"}),
            "rows": found,
            "behind": behind,
            "actors": ACTORS,
            "errors": {name: samples.refusal(name) for name in wrong},
        }
        yield Case("audit", "operator/audit.html.j2", "/operator/audit", viewer, context)
