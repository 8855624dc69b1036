"""A company's own pages, the way between companies, and where an invitation leads, in every state."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.db.models import Company, Invitation, MemberRemoval, Membership, Role, User, Workspace
from app.domain.billing.new_company import NewCompany
from app.domain.companies.permissions import ALLOWED, WORDS
from app.domain.companies.person import COMPANIES, OtherCompany, Person
from app.domain.companies.viewer import Viewer
from app.domain.people.company_profile import CompanyProfile
from app.domain.people.controllers.company import Ownership
from app.domain.people.controllers.joining import Joining
from app.domain.people.invitations.acceptance import OF_SOMEBODY_ELSE, USELESS, InvitationUseless
from app.domain.people.invitations.addresses import refused
from app.domain.people.invitations.service import OPEN_ALREADY, Invite
from app.domain.people.members.queries import Member
from app.lib.errors import NotAllowed
from tests.architecture import samples
from tests.architecture.case import Case
from tests.architecture.quota_cases import places_of

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
PATH = "/invitations/t.t"


def company_cases(viewer: Viewer) -> Iterator[Case]:
    """Yield the pages of a company as one of its people sees them."""
    viewer = replace(viewer, others=(OtherCompany(samples.identifier("other"), samples.RAW_NAME),))
    for fields in ((), ("name", "language")):
        errors = {name: samples.refusal(name) for name in fields}
        context: dict[str, Any] = {"form": CompanyProfile.of(viewer.company), "saved": not fields}
        yield Case("company", "company/profile.html.j2", "/company", viewer, context | {"errors": errors})
    context = {"words": WORDS, "allowed": ALLOWED, "roles": list(Role)}
    yield Case("roles", "company/roles.html.j2", "/company/roles", viewer, context)
    for held in ([], [Workspace(name="orders"), Workspace(name="web-shop")]):
        context = {"workspaces": held}
        yield Case("departure", "company/departure.html.j2", "/company/departure", viewer, context)
    yield from members_cases(viewer)
    if viewer.role is Role.OWNER:
        yield from owner_cases(viewer)


def members_cases(viewer: Viewer) -> Iterator[Case]:
    """Yield the list of members with the form to invite, kept and refused, and one member's page."""
    people = [member(role, viewer.user if role is viewer.role else None) for role in Role]
    manages = viewer.can("manage_members")  # type: ignore[arg-type]  # as a template says it
    waiting = [invitation(AT + WEEK), invitation(AT - WEEK)] if manages else []
    problems = [refused(OPEN_ALREADY, samples.RAW_NAME), refused(OPEN_ALREADY, "ada@acme.com.tr")]
    for wrong in (False, True):
        context: dict[str, Any] = {
            "members": people,
            "places": places_of(people),
            "removals": []
            if wrong or not manages
            else [(MemberRemoval(id=samples.identifier("removal")), samples.RAW_NAME)],
            "invitations": [] if wrong else waiting,
            "form": Invite(samples.RAW_NAME if wrong else "", "admin"),
            "problems": problems if wrong else [],
            "errors": {"role": samples.refusal("role")} if wrong else {},
            "at": AT,
        }
        blocks = ("content", "invitation_form") if manages else ("content",)
        name = f"members-{viewer.role}{'-refused' if wrong else ''}"
        path = "/company/invitations" if wrong else "/company/members"
        yield Case(name, "company/members.html.j2", path, viewer, context, blocks=blocks)
    if manages:
        for errors in ({}, {"role": samples.refusal("role")}):
            context = {"member": people[3], "wanted": "developer", "errors": errors}
            yield Case("member", "company/member.html.j2", "/company/members/1", viewer, context)


def owner_cases(viewer: Viewer) -> Iterator[Case]:
    """Yield what an owner sees who hands the company over."""
    heirs = [("1", samples.RAW_NAME), ("2", "Deniz Er · deniz@acme.com.tr")]
    for chosen, fields in ((heirs, ()), (heirs, ("to", "password")), ([], ())):
        errors = {name: samples.refusal(name) for name in fields}
        context = {"heirs": chosen, "form": Ownership("2"), "errors": errors}
        path, blocks = "/company/ownership", ("ownership_form",)
        yield Case("ownership", "company/ownership.html.j2", path, viewer, context, blocks=blocks)


def companies_cases(viewer: Viewer) -> Iterator[Case]:
    """Yield a person's companies: of somebody in several, in one, and in none."""
    other = Company(id=samples.identifier("other"), name=samples.RAW_NAME)
    for who, theirs in (
        (viewer, [(viewer.company, Role.OWNER), (other, Role.DEVELOPER)]),
        (viewer, [(viewer.company, Role.OWNER)]),
        (Person(viewer.user), []),
    ):
        current = viewer.company.id if isinstance(who, Viewer) else None
        context = {"companies": theirs, "current_id": current, "moved": len(theirs) != 1}
        yield Case("companies", "accounts/companies.html.j2", COMPANIES, who, context)


def joining_cases(viewer: Viewer) -> Iterator[Case]:
    """Yield where an invitation leads a stranger, who has an account, and somebody else."""
    fits: dict[str, Any] = {
        "invitation": invitation(AT + WEEK),
        "form": Joining(samples.RAW_NAME),
        "visitor": None,
        "refused": None,
        "has_account": False,
        "errors": {},
    }
    wrong = {name: samples.refusal(name) for name in ("full_name", "password", "accept_terms")}
    useless: dict[str, Any] = {"invitation": None, "useless": InvitationUseless(USELESS), "errors": {}}
    somebody = {"visitor": viewer.user, "refused": NotAllowed(OF_SOMEBODY_ELSE, email="ada@x.com")}
    states: dict[str, tuple[Viewer | None, dict[str, Any]]] = {
        "new": (None, fits),
        "refused": (None, fits | {"errors": wrong}),
        "known": (None, fits | {"has_account": True}),
        "inside": (viewer, fits | {"visitor": viewer.user}),
        "other": (viewer, fits | somebody),
        "useless": (None, useless),
    }
    for name, (who, context) in states.items():
        blocks = ("invitation",)
        yield Case(f"invitation-{name}", "company/invitation.html.j2", PATH, who, context, blocks=blocks)


def member(role: Role, user: User | None) -> Member:
    """Return a member under a role; the one given, or another one."""
    user = user or User(
        id=samples.identifier(role),
        full_name=samples.RAW_NAME if role is Role.ADMIN else "Deniz Er",
        email=f"{role}@acme.com.tr",
        last_login_at=AT if role is Role.BILLING else None,
    )
    membership = Membership(id=samples.identifier(role), user=user, role=role, created_at=AT)
    return Member(membership, has_second_factor=role is Role.ADMIN)


def invitation(expires_at: datetime) -> Invitation:
    """Return an invitation that is open until then."""
    return Invitation(
        id=samples.identifier(expires_at.isoformat()),
        email="zeynep.uzunsoyadli@cok-uzun-bir-alan-adi.com.tr",
        role=Role.DEVELOPER,
        expires_at=expires_at,
        company=Company(name=samples.RAW_NAME),
        invited_by=User(full_name=samples.RAW_NAME),
    )


def new_company_cases(viewer: Viewer) -> Iterator[Case]:
    """Yield the form of one more company, with a trial and without, kept and refused."""
    for who, had, fields in (
        (viewer, True, ()),
        (Person(viewer.user), False, ()),
        (viewer, True, ("company_name", "plan", "accept_terms")),
    ):
        context = {
            "form": NewCompany(samples.RAW_NAME, "team", ""),
            "has_had_trial": had,
            "offers": samples.offers(),
            "errors": {name: samples.refusal(name) for name in fields},
        }
        path = f"{COMPANIES}/new"
        yield Case(
            "new-company", "accounts/new_company.html.j2", path, who, context, blocks=("company_form",)
        )
