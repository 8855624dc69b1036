"""Workspaces: the list in each entitlement, and one workspace in every state."""

from collections.abc import Iterator
from types import SimpleNamespace

from app.db.models import Role, WorkspaceStatus
from app.domain.companies.viewer import Viewer
from app.domain.subscriptions.entitlement import entitlement_of
from app.domain.workspaces import permissions
from tests.architecture import samples
from tests.architecture.case import Case, this_hour
from tests.architecture.quota_cases import room


def workspace_cases(role: Role, language: str) -> Iterator[Case]:
    """Yield the list in each entitlement and every state of one workspace."""
    at = this_hour()
    for state, subscription in samples.subscriptions(at).items():
        viewer = samples.viewer(role, language, subscription)
        viewer.user.email_verified_at = None if state == "last-day" else at
        entitlement = entitlement_of(subscription, at)
        for filled, fields in ((True, ()), (False, ()), (True, ("name",)), (True, (None,))):
            shown = samples.workspaces(at, viewer.user) if filled else []
            yield Case(
                f"workspaces-{role}-{state}{'' if filled else '-empty'}{'-refused' if fields else ''}",
                "workspaces/list.html.j2",
                "/workspaces",
                viewer,
                {
                    "workspaces": shown,
                    "room": room(
                        viewer, entitlement, used=20 if fields == (None,) else len(shown), state=state
                    ),
                    "entitlement": entitlement,
                    "may_operate": permissions.may_operate(role),
                    "form": SimpleNamespace(name='"><script>'),
                    "errors": {name: samples.refusal(name) for name in fields},
                },
                blocks=("content", "workspace_list", "workspace_form"),
            )
    for state in ("trial", "suspended"):
        viewer = samples.viewer(role, language, samples.subscriptions(at)[state])
        yield from show_cases(viewer, f"{role}-{state}")


def show_cases(viewer: Viewer, name: str) -> Iterator[Case]:
    """Yield one workspace in every state, before and after a worker took it up."""
    at = this_hour()
    for status in WorkspaceStatus:
        for error in (None, "The editor ended before it was ready. Try again."):
            workspace = samples.workspace("orders", status, at=at, owner=viewer.user, error=error)
            yield Case(
                f"workspace-{name}-{status}{'-error' if error else ''}",
                "workspaces/show.html.j2",
                f"/workspaces/{workspace.id}",
                viewer,
                {
                    "workspace": workspace,
                    "transition": samples.started(at) if error else None,
                    "steps": samples.steps(failed=status is WorkspaceStatus.FAILED) if error else [],
                    "entitlement": entitlement_of(viewer.subscription, at),
                    "stops_at": at if status is WorkspaceStatus.READY else None,
                    "may_open": permissions.may_open(viewer, workspace),
                    "may_manage": permissions.may_manage(viewer, workspace),
                    "label": "orders--caliskan",
                    "address": "http://orders--caliskan.tezgah.localhost:8080",
                },
                blocks=("content", "workspace"),
            )
