"""Quotas and removals: everything that can be said about a member's places and what they leave behind."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from app.db.models import MemberRemoval, Role, User, WorkspaceStatus, WorkspacesTo
from app.domain.companies.viewer import Viewer
from app.domain.people.controllers.quotas import QuotaForm
from app.domain.people.dismissal import Dismissal, Leaver
from app.domain.people.members.queries import Member
from app.domain.subscriptions.entitlement import Entitlement, entitlement_of
from app.domain.workspaces.quotas import Places, Room, Share
from tests.architecture import samples
from tests.architecture.case import Case

MEMBER = samples.identifier("membership")


def share(name: str, *, quota: int | None = None, used: int = 0, role: Role = Role.DEVELOPER) -> Share:
    """Return one member's part."""
    return Share(MEMBER, samples.identifier(name), name, role, quota, used)


def room(viewer: Viewer, entitlement: Entitlement, *, used: int, state: str) -> Room:
    """Return what the viewer finds: alone with the plan, with a quota, beside others', or nothing."""
    own = share("Ada", quota={"trial": 3, "active": 1}.get(state), used=1, role=viewer.role)
    own = replace(own, user_id=viewer.user.id)
    others = (share("Deniz", quota=19),) if state == "past-due" else (share("Ece", quota=2, used=1),)
    return Places(entitlement, used, (own, *others)).room_for(viewer.user.id)


def places_of(people: list[Member]) -> Places:
    """Return the places of a list of members: every other one has a quota."""
    shares = [
        replace(share(one.user.full_name, quota=number if number % 2 else None, used=1), user_id=one.user.id)
        for number, one in enumerate(people)
    ]
    return Places(Entitlement(samples.plan(), may_run_workspaces=True), 4, tuple(shares))


def quota_cases(language: str, at: datetime) -> Iterator[Case]:
    """Yield the page of a quota: without one, with one, over the plan, without limit, and refused."""
    viewer = samples.viewer(Role.ADMIN, language, samples.subscriptions(at)["active"])
    team = entitlement_of(viewer.subscription, at)
    unlimited = Entitlement(samples.unlimited(), may_run_workspaces=True)
    for name, entitlement, quota, typed in (
        ("none", team, None, None),
        ("some", team, 5, None),
        ("over", team, 40, None),
        ("unlimited", unlimited, 5, None),
        ("refused", team, 0, '"><script>'),
    ):
        own = share(samples.RAW_NAME, quota=quota, used=min(2, quota or 0))
        places = Places(entitlement, 2, (own, share("Ece", quota=1, used=1)))
        context = {
            "places": places,
            "share": own,
            "largest": places.largest_quota(own),
            "form": QuotaForm(typed or ""),
            "errors": {"quota": samples.refusal("quota")} if typed else {},
        }
        path = f"/company/members/{MEMBER}/quota"
        yield Case(f"quota-{name}", "company/quota.html.j2", path, viewer, context, blocks=("quota_form",))


def removal_cases(language: str, at: datetime) -> Iterator[Case]:
    """Yield the page that removes somebody: with nothing, with heirs, without room, and refused."""
    viewer = samples.viewer(Role.OWNER, language, samples.subscriptions(at)["active"])
    held = samples.workspaces(at, viewer.user)
    heir, full = share("Ece", used=1), share(samples.RAW_NAME, quota=1, used=1)
    for name, workspaces, others, wrong in (
        ("nothing", [], (heir,), ()),
        ("heirs", held, (heir, full), ()),
        ("no-room", held, (full,), ()),
        ("no-heir", held, (heir,), ("heir",)),
        ("unconfirmed", held, (heir,), ("confirmation",)),
        ("unchosen", held, (heir,), ("workspaces_to",)),
    ):
        own = share(samples.RAW_NAME, used=len(workspaces))
        places = Places(entitlement_of(viewer.subscription, at), 8, (own, *others))
        context = {
            "leaver": Leaver(places, own, workspaces),
            "membership_id": MEMBER,
            "form": Dismissal(heir=str(heir.user_id), confirmation='"><script>'),
            "errors": {field: samples.refusal(field) for field in wrong},
        }
        path = f"/company/members/{MEMBER}/removal"
        blocks = ("removal_form",)
        yield Case(f"removal-{name}", "company/removal.html.j2", path, viewer, context, blocks=blocks)
    yield from removed_cases(viewer, at)


def removed_cases(viewer: Viewer, at: datetime) -> Iterator[Case]:
    """Yield what follows a removal: under way, failed and done, for workspaces passed on and deleted."""
    person = User(id=samples.identifier("gone"), full_name=samples.RAW_NAME)
    states = {
        "under-way": (WorkspaceStatus.DELETING, WorkspaceStatus.STOPPING),
        "failed": (WorkspaceStatus.FAILED,),
        "done": (),
    }
    for choice in WorkspacesTo:
        for name, statuses in states.items():
            to_member = choice is WorkspacesTo.MEMBER
            removal = MemberRemoval(
                id=samples.identifier("removal"),
                user_id=person.id,
                asked_at=at - timedelta(minutes=2),
                workspaces_to=choice,
                heir_id=viewer.user.id if to_member else None,
                workspace_count=2,
                done_at=None if statuses else at,
            )
            context = {
                "removal": removal,
                "person": person,
                "heir": viewer.user if to_member else None,
                "workspaces": [samples.workspace(f"shop-{status}", status, at=at) for status in statuses],
            }
            path = f"/company/members/removals/{removal.id}"
            yield Case(
                f"removed-{choice}-{name}", "company/removed.html.j2", path, viewer, context, blocks=("left",)
            )
